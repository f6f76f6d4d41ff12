using Portal.Domain.Kernel;

namespace Portal.Domain.Invoicing.Pdf;

/// <summary>That and how an invoice was paid.</summary>
public static class ReceiptPdf
{
    /// <summary>The document, A4, English; null when nothing was paid.</summary>
    /// <param name="invoice">With its history.</param>
    /// <param name="zone">Whose calendar its dates are of.</param>
    public static byte[]? Of(Invoice invoice, TimeZoneInfo zone)
    {
        ArgumentNullException.ThrowIfNull(invoice);
        ArgumentNullException.ThrowIfNull(zone);
        var payments = invoice.History.Where(happened => happened.Kind is "paid" or "credit_applied" or "disputed" or "reinstated").ToArray();
        if (invoice.Paid <= 0m) return null;
        using var pen = new PdfPen();
        var currency = Currency.Of(invoice.Currency);
        PdfParts.Head(pen, "Receipt", invoice,
        [
            ("Invoice number", invoice.Number ?? ""), ("Invoice date", invoice.IssuedAt is { } issued ? PdfParts.Day(issued, zone) : ""),
            ("Paid", PdfParts.Day(payments[^1].At, zone)),
        ]);
        pen.Write($"{PdfParts.Amount(invoice.Paid, currency)} paid", PdfPen.Left, 14, strong: true);
        pen.Y += 28;
        PdfParts.Table(pen, "Payment", [.. payments.Select(payment => ($"{PdfParts.Day(payment.At, zone)}  ·  {Text(payment)}", PdfParts.Amount(payment.Kind == "disputed" ? -payment.Amount!.Value : payment.Amount!.Value, currency)))]);
        PdfParts.Sum(pen, "Invoice total", invoice.Total, currency);
        if (invoice.Credited != 0m) PdfParts.Sum(pen, "Credited", -invoice.Credited, currency);
        PdfParts.Sum(pen, "Paid", invoice.Paid, currency, strong: true);
        PdfParts.Sum(pen, "Amount due", invoice.AmountDue, currency);
        return pen.Finish($"{invoice.Seller?.Name}  ·  receipt of {invoice.Number}");
    }

    private static string Text(InvoiceEvent payment) => payment.Kind switch
    {
        "credit_applied" => "your credit",
        "disputed" => "taken back by a dispute",
        "reinstated" => "given back, the dispute was won",
        _ => payment.Reference ?? "payment",
    };
}
