using Portal.Domain.Invoicing;
using Portal.Domain.Invoicing.Corrections;
using Portal.Domain.Kernel;
using Portal.Domain.Pricing.Rates;

namespace Portal.Web.Api;

/// <summary>How to pay an invoice.</summary>
/// <param name="Method">Id of a saved payment method; default the tenant's default.</param>
public sealed record InvoicePayment(string? Method = null);

/// <summary>An invoice as the API shows it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Number">Of its legal entity's series, without gaps; null of a draft.</param>
/// <param name="Status">`draft`, `open`, `paid`, `void` or `uncollectible`.</param>
/// <param name="Currency">ISO 4217.</param>
/// <param name="IssuedAt">When it was finalised; null of a draft.</param>
/// <param name="DueAt">When it is to be paid; null of a draft.</param>
/// <param name="Period">What it covers.</param>
/// <param name="Subtotal">Sum of the lines, without discounts.</param>
/// <param name="Discount">Sum of the discounts.</param>
/// <param name="Tax">Sum of the taxes.</param>
/// <param name="Total">What is to be paid, never below 0.</param>
/// <param name="Paid">Paid by payments and by the customer's credit.</param>
/// <param name="AmountDue">What is left to pay.</param>
/// <param name="PoNumber">The customer's purchase order.</param>
/// <param name="Taxes">Taxes by rate.</param>
/// <param name="Lines">Its lines; empty in lists.</param>
/// <param name="CreditNotes">Credit notes on it.</param>
/// <param name="PdfUrl">Where its document is.</param>
public sealed record InvoiceDocument(
    string Id, string? Number, string Status, string Currency, DateTimeOffset? IssuedAt, DateTimeOffset? DueAt, InvoicePeriodDocument Period, decimal Subtotal, decimal Discount,
    decimal Tax, decimal Total, decimal Paid, decimal AmountDue, string? PoNumber, IReadOnlyList<InvoiceTax> Taxes, IReadOnlyList<InvoiceLineDocument> Lines,
    IReadOnlyList<CreditNoteDocument> CreditNotes, string PdfUrl)
{
    /// <summary>The document of an invoice.</summary>
    public static InvoiceDocument Of(Invoice invoice, string tenant)
    {
        ArgumentNullException.ThrowIfNull(invoice);
        return new(
            invoice.PublicId, invoice.Number, invoice.State, invoice.Currency, invoice.IssuedAt, invoice.DueAt, new(invoice.StartsAt, invoice.EndsAt), invoice.Subtotal,
            invoice.Discount, invoice.Tax, invoice.Total, invoice.Paid, invoice.AmountDue, invoice.PoNumber, invoice.Taxes,
            [.. invoice.Lines.Select(line => new InvoiceLineDocument(
                line.Item, line.Kind, line.Description, line.Quantity, line.UnitAmount, line.Amount, line.Discount, line.Tax, line.TaxPercent, new(line.StartsAt, line.EndsAt),
                line.Tiers))],
            [.. invoice.CreditNotes.Select(note => CreditNoteDocument.Of(note, invoice.PublicId, tenant))], $"/v1/tenants/{tenant}/invoices/{invoice.PublicId}.pdf");
    }
}

/// <summary>A period of an invoice or a line.</summary>
/// <param name="Start">Its begin.</param>
/// <param name="End">Its end, which is outside.</param>
public sealed record InvoicePeriodDocument(DateTimeOffset Start, DateTimeOffset End);

/// <summary>A line of an invoice as the API shows it.</summary>
/// <param name="Item">Key of the plan's item; of usage its meter and match.</param>
/// <param name="Kind">`flat`, `seat`, `proration`, `included_credits`, `usage`, `overage`, `late_usage`, `minimum`, `true_up`, `commit`, `pack`, `discount`, `credit` or `customer_credit`.</param>
/// <param name="Description">For people.</param>
/// <param name="Quantity">How much.</param>
/// <param name="UnitAmount">Price of one; null where prices differ within it.</param>
/// <param name="Amount">Net before discounts, in whole minor units.</param>
/// <param name="Discount">Taken off it.</param>
/// <param name="Tax">On what is left.</param>
/// <param name="TaxPercent">Its rate.</param>
/// <param name="Period">What it is for.</param>
/// <param name="Tiers">Tiers that the quantity reached; empty for prices without tiers, and where several prices made the line.</param>
public sealed record InvoiceLineDocument(
    string Item, string Kind, string Description, decimal Quantity, decimal? UnitAmount, decimal Amount, decimal Discount, decimal Tax, decimal TaxPercent,
    InvoicePeriodDocument Period, IReadOnlyList<TouchedTier> Tiers);

/// <summary>Why an invoice is taken back or given up.</summary>
/// <param name="Reason">1 to 500 characters.</param>
public sealed record InvoiceReason(string Reason);

/// <summary>A credit note as the API shows it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Number">Of a series of its own, without gaps.</param>
/// <param name="Invoice">Id of the invoice.</param>
/// <param name="IssuedAt">When.</param>
/// <param name="Reason">Why.</param>
/// <param name="Net">Without tax.</param>
/// <param name="Tax">Tax on it.</param>
/// <param name="Total">Both.</param>
/// <param name="LoweredDue">What was still due fell by as much; the rest became the customer's credit, or went back by the refund.</param>
/// <param name="Taxes">Taxes by rate.</param>
/// <param name="Lines">By line of the invoice.</param>
/// <param name="PdfUrl">Where its document is.</param>
/// <param name="Refund">Of a pack: the refund by which its money went back.</param>
public sealed record CreditNoteDocument(
    string Id, string Number, string Invoice, DateTimeOffset IssuedAt, string Reason, decimal Net, decimal Tax, decimal Total, decimal LoweredDue,
    IReadOnlyList<InvoiceTax> Taxes, IReadOnlyList<CreditNoteLine> Lines, string PdfUrl, string? Refund)
{
    /// <summary>The document of a credit note.</summary>
    public static CreditNoteDocument Of(CreditNote note, string invoice, string tenant)
    {
        ArgumentNullException.ThrowIfNull(note);
        return new(
            note.PublicId, note.Number, PublicId.Format(PublicId.Invoice, note.TenantId, note.InvoiceId), note.IssuedAt, note.Reason, note.Net, note.Tax, note.Total, note.Lowered,
            note.Taxes, note.Lines, $"/v1/tenants/{tenant}/invoices/{invoice}/credit-notes/{note.PublicId}.pdf",
            note.RefundId is { } refund ? PublicId.Format(PublicId.Refund, note.TenantId, refund) : null);
    }
}
