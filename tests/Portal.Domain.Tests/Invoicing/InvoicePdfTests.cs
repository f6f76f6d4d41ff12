using Portal.Domain.Invoicing;
using Portal.Domain.Invoicing.Pdf;
using UglyToad.PdfPig;

namespace Portal.Domain.Tests.Invoicing;

/// <summary>What a finance department reads in the document.</summary>
public sealed class InvoicePdfTests
{
    private static readonly DateTimeOffset January = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void It_says_who_sells_and_buys_what_for_how_much_and_until_when()
    {
        var text = TextOf(Make(Line("Pro", 29.00m), Line("gpt-4o: input", 1234.5m)), out var pages);
        pages.ShouldBe(1);
        foreach (var part in new[]
        {
            "INV-000042", "Portal GmbH", "Hauptstr. 1", "DE123456789", "Acme Robotics", "PO 4711", "1 January 2030 to 31 January 2030", "2 February 2030", "29.00 USD",
            "1,234.50 USD", "VAT 19 % on 1,263.50 USD", "240.07 USD", "1,503.57 USD due", "Page 1 of 1",
        }) text.ShouldContain(part);
    }

    [Fact]
    public void Many_lines_turn_pages_and_each_is_numbered()
    {
        var text = TextOf(Make([.. Enumerable.Range(1, 90).Select(i => Line($"Line number {i}", 1m))]), out var pages);
        pages.ShouldBeGreaterThan(2);
        text.ShouldContain("Line number 90");
        text.ShouldContain($"Page {pages} of {pages}");
    }

    [Fact]
    public void What_the_font_cannot_draw_is_replaced_and_long_words_are_cut()
    {
        var text = TextOf(Make(Line("模型\u202Fα-β\tźdźbło " + string.Join(' ', Enumerable.Repeat("verylongword", 60)), 1m)), out _);
        text.ShouldContain("?? α-β źdźbło");
        text.ShouldContain("…");
    }

    private static InvoiceLine Line(string description, decimal amount) =>
        new("usage", "x", description, 1m, amount, amount, 0m, 0m, 19m, January, January.AddMonths(1), Guid.NewGuid());

    private static Invoice Make(params InvoiceLine[] lines) => new()
    {
        TenantId = 1,
        Id = Guid.NewGuid(),
        State = InvoiceState.Open,
        Number = "INV-000042",
        Currency = "USD",
        BillAt = January.AddMonths(1),
        FinaliseAt = January.AddMonths(1),
        IssuedAt = January.AddMonths(1).AddDays(1),
        DueAt = January.AddMonths(1).AddDays(1),
        StartsAt = January,
        EndsAt = January.AddMonths(1),
        Subtotal = lines.Sum(line => line.Amount),
        Discount = 0m,
        Tax = 240.07m,
        Total = lines.Sum(line => line.Amount) + 240.07m,
        Taxes = [new InvoiceTax("VAT", 19m, lines.Sum(line => line.Amount), 240.07m)],
        Seller = new InvoiceParty("Portal GmbH", "Hauptstr. 1\n10115 Berlin", "DE", ["DE123456789"], "billing@portal.example", "IBAN DE00 0000 0000 0000"),
        Customer = new InvoiceParty("Acme Robotics", "1 Main St\nSpringfield", "US", []),
        PoNumber = "PO 4711",
        Lines = lines,
    };

    private static string TextOf(Invoice invoice, out int pages)
    {
        var bytes = InvoicePdf.Of(invoice, TimeZoneInfo.Utc);
        if (Environment.GetEnvironmentVariable("PORTAL_PDF") is { Length: > 0 } path) File.WriteAllBytes(path, bytes);
        using var document = PdfDocument.Open(bytes);
        pages = document.NumberOfPages;
        return string.Join('\n', document.GetPages().Select(page => string.Join(' ', page.GetWords().Select(word => word.Text))));
    }
}
