using Portal.Domain.Kernel;
using static Portal.Domain.Invoicing.Pdf.PdfParts;

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
        PdfParts.Head(pen, title, invoice, Facts(invoice, zone));
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
        foreach (var tax in invoice.Taxes) Tax(pen, tax, currency);
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
}
