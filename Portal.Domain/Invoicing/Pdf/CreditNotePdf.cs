using Portal.Domain.Invoicing.Corrections;
using Portal.Domain.Kernel;

namespace Portal.Domain.Invoicing.Pdf;

/// <summary>A credit note as a finance department files it: which invoice it is on and why, by line, taxes by rate.</summary>
public static class CreditNotePdf
{
    /// <summary>The document, A4, English.</summary>
    /// <param name="invoice">The invoice that it is on.</param>
    /// <param name="note">The credit note.</param>
    /// <param name="zone">Whose calendar its dates are of.</param>
    public static byte[] Of(Invoice invoice, CreditNote note, TimeZoneInfo zone)
    {
        ArgumentNullException.ThrowIfNull(invoice);
        ArgumentNullException.ThrowIfNull(note);
        ArgumentNullException.ThrowIfNull(zone);
        using var pen = new PdfPen();
        var currency = Currency.Of(invoice.Currency);
        PdfParts.Head(pen, "Credit note", invoice,
        [
            ("Credit note", note.Number), ("Date of issue", PdfParts.Day(note.IssuedAt, zone)), ("On invoice", invoice.Number ?? ""),
            ("Invoice date", invoice.IssuedAt is { } issued ? PdfParts.Day(issued, zone) : ""),
        ]);
        pen.Write($"{PdfParts.Amount(note.Total, currency)} credited", PdfPen.Left, 14, strong: true);
        pen.Y += 20;
        foreach (var part in pen.Wrap(note.Reason, 480))
        {
            pen.Write(part, PdfPen.Left, 9, grey: 90);
            pen.Y += 13;
        }

        pen.Y += 12;
        PdfParts.Table(pen, "Line of the invoice", [.. note.Lines.Select(line => ($"{line.Line}. {line.Description}", PdfParts.Amount(line.Net, currency)))]);
        PdfParts.Sum(pen, "Net", note.Net, currency);
        foreach (var tax in note.Taxes) PdfParts.Tax(pen, tax, currency);
        PdfParts.Sum(pen, "Credited", note.Total, currency, strong: true);
        if (note.Lowered > 0m) PdfParts.Sum(pen, "Less to pay on the invoice", note.Lowered, currency);
        if (note.Kept > 0m) PdfParts.Sum(pen, "Kept as credit for later invoices", note.Kept, currency);
        if (note.RefundId is not null) PdfParts.Sum(pen, "Given back to where it was paid from", note.Total, currency);
        return pen.Finish($"{invoice.Seller?.Name}  ·  {note.Number}");
    }
}
