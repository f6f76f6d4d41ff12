using System.Globalization;
using Portal.Domain.Kernel;

namespace Portal.Domain.Invoicing.Pdf;

/// <summary>An invoice as a finance department files it: who sells and buys, numbers and dates, lines, taxes by rate, what is due and how to pay.</summary>
public static class InvoicePdf
{
    private const int QuantityRight = 372, UnitRight = 452, DescriptionWidth = 236;

    /// <summary>The document, A4, English.</summary>
    /// <param name="invoice">With its lines.</param>
    /// <param name="zone">Whose calendar its dates are of.</param>
    public static byte[] Of(Invoice invoice, TimeZoneInfo zone)
    {
        ArgumentNullException.ThrowIfNull(invoice);
        ArgumentNullException.ThrowIfNull(zone);
        using var pen = new PdfPen();
        var currency = Currency.Of(invoice.Currency);
        Head(pen, invoice, zone);
        Columns(pen);
        foreach (var line in invoice.Lines) Line(pen, line, currency, zone);
        Sums(pen, invoice, currency);
        return pen.Finish($"{invoice.Seller?.Name}  ·  {invoice.Number ?? "Draft"}");
    }

    private static void Head(PdfPen pen, Invoice invoice, TimeZoneInfo zone)
    {
        var title = invoice.State switch { InvoiceState.Draft => "Draft invoice", InvoiceState.Void => "Invoice (void)", _ => "Invoice" };
        pen.Y = 70;
        pen.Write(title, PdfPen.Left, 22, strong: true);
        pen.WriteTo(invoice.Seller?.Name ?? "", PdfPen.Right, 11, strong: true);
        pen.Y = 96;
        foreach (var (name, value) in Facts(invoice, zone))
        {
            pen.Write(name, PdfPen.Left, 9, grey: 110);
            pen.Write(value, PdfPen.Left + 92, 9, strong: name == "Invoice number");
            pen.Y += 14;
        }

        var below = pen.Y + 14;
        Party(pen, "From", invoice.Seller, PdfPen.Left, below);
        var left = pen.Y;
        Party(pen, "Bill to", invoice.Customer, 310, below);
        pen.Y = Math.Max(left, pen.Y) + 34;
        pen.Write($"{Amount(invoice.AmountDue, Currency.Of(invoice.Currency))} due{(invoice.DueAt is { } due ? " " + Day(due, zone) : "")}", PdfPen.Left, 14, strong: true);
        pen.Y += 28;
    }

    private static IEnumerable<(string, string)> Facts(Invoice invoice, TimeZoneInfo zone)
    {
        yield return ("Invoice number", invoice.Number ?? "none yet");
        if (invoice.IssuedAt is { } issued) yield return ("Date of issue", Day(issued, zone));
        if (invoice.DueAt is { } due) yield return ("Date due", Day(due, zone));
        yield return ("Period", $"{Day(invoice.StartsAt, zone)} to {Day(invoice.EndsAt.AddTicks(-1), zone)}");
        if (invoice.PoNumber is { } order) yield return ("Purchase order", order);
    }

    private static void Party(PdfPen pen, string title, InvoiceParty? party, int x, int y)
    {
        pen.Y = y;
        pen.Write(title, x, 9, grey: 110);
        pen.Y += 14;
        if (party is null) return;
        pen.Write(party.Name, x, 10, strong: true);
        var lines = party.Address.Split('\n').Append(party.Country ?? "").Concat(party.TaxIds.Select(id => $"Tax id {id}")).Append(party.Email ?? "");
        foreach (var line in lines.Where(line => line.Length > 0).SelectMany(line => pen.Wrap(line, 210)))
        {
            pen.Y += 13;
            pen.Write(line, x);
        }
    }

    private static void Columns(PdfPen pen)
    {
        pen.Write("Description", PdfPen.Left, 8, grey: 110);
        pen.WriteTo("Quantity", QuantityRight, 8, grey: 110);
        pen.WriteTo("Unit price", UnitRight, 8, grey: 110);
        pen.WriteTo("Amount", PdfPen.Right, 8, grey: 110);
        pen.Y += 7;
        pen.Rule();
        pen.Y += 15;
    }

    private static void Line(PdfPen pen, InvoiceLine line, Currency currency, TimeZoneInfo zone)
    {
        var text = pen.Wrap(line.Description, DescriptionWidth);
        if (pen.Y + (text.Count * 12) + 14 > PdfPen.Bottom)
        {
            pen.Turn();
            Columns(pen);
        }

        pen.WriteTo(Plain(line.Quantity), QuantityRight);
        if (line.UnitAmount is { } unit) pen.WriteTo(Plain(unit, currency.MinorPlaces), UnitRight);
        pen.WriteTo(Amount(line.Amount, currency), PdfPen.Right);
        foreach (var part in text)
        {
            pen.Write(part, PdfPen.Left);
            pen.Y += 12;
        }

        var note = line.EndsAt > line.StartsAt ? $"{Day(line.StartsAt, zone)} to {Day(line.EndsAt.AddTicks(-1), zone)}" : "";
        if (line.TaxPercent > 0m) note += $"{(note.Length > 0 ? "  ·  " : "")}tax {Plain(line.TaxPercent)} %";
        pen.Write(note, PdfPen.Left, 8, grey: 120);
        pen.Y += 18;
    }

    private static void Sums(PdfPen pen, Invoice invoice, Currency currency)
    {
        if (pen.Y + 110 + (invoice.Taxes.Count * 15) > PdfPen.Bottom) pen.Turn();
        pen.Rule();
        pen.Y += 16;
        Sum(pen, "Subtotal", invoice.Subtotal, currency);
        if (invoice.Discount != 0m) Sum(pen, "Discount", -invoice.Discount, currency);
        foreach (var tax in invoice.Taxes) Sum(pen, tax.Percent == 0m ? tax.Name : $"{tax.Name} {Plain(tax.Percent)} % on {Amount(tax.Net, currency)}", tax.Amount, currency);
        Sum(pen, "Total", invoice.Total, currency, strong: true);
        if (invoice.Paid != 0m) Sum(pen, "Paid", -invoice.Paid, currency);
        if (invoice.Credited != 0m) Sum(pen, "Credited", -invoice.Credited, currency);
        Sum(pen, "Amount due", invoice.AmountDue, currency, strong: true);
        if (invoice.Seller?.PaymentDetails is not { Length: > 0 } details || invoice.AmountDue == 0m) return;
        pen.Y += 12;
        foreach (var part in details.Split('\n').SelectMany(part => pen.Wrap(part, 480)))
        {
            pen.Write(part, PdfPen.Left, 9, grey: 90);
            pen.Y += 13;
        }
    }

    private static void Sum(PdfPen pen, string name, decimal amount, Currency currency, bool strong = false)
    {
        pen.Write(name, 310, strong ? 10 : 9, strong);
        pen.WriteTo(Amount(amount, currency), PdfPen.Right, strong ? 10 : 9, strong);
        pen.Y += 15;
    }

    private static string Amount(decimal amount, Currency currency) =>
        amount.ToString("N" + currency.MinorPlaces.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture) + " " + currency.Code;

    private static string Plain(decimal number, int least = 0) =>
        number.ToString("#,0." + new string('0', least) + new string('#', 15 - least), CultureInfo.InvariantCulture);

    private static string Day(DateTimeOffset instant, TimeZoneInfo zone) => zone.DateIn(instant).ToString("d MMMM yyyy", CultureInfo.InvariantCulture);
}
