using Portal.Domain.Invoicing.Corrections;
using Portal.Domain.Kernel;
using Portal.Domain.Pricing.Rates;

namespace Portal.Domain.Invoicing;

/// <summary>States of an invoice (domain.md §9).</summary>
public static class InvoiceState
{
    /// <summary>Gathers what is due; has no number and no postings.</summary>
    public const string Draft = "draft";

    /// <summary>Finalised, and something is to be paid.</summary>
    public const string Open = "open";

    /// <summary>Nothing is left to pay.</summary>
    public const string Paid = "paid";

    /// <summary>Taken back before anything was paid.</summary>
    public const string Void = "void";

    /// <summary>Given up.</summary>
    public const string Uncollectible = "uncollectible";
}

/// <summary>A party of an invoice, as it was when it was finalised.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Address">Lines.</param>
/// <param name="Country">ISO 3166-1; null when unknown.</param>
/// <param name="TaxIds">Its tax ids.</param>
/// <param name="Email">Where to ask.</param>
/// <param name="PaymentDetails">Of the seller: how to pay by bank transfer.</param>
public sealed record InvoiceParty(string Name, string Address, string? Country, IReadOnlyList<string> TaxIds, string? Email = null, string? PaymentDetails = null);

/// <summary>Tax of one rate.</summary>
/// <param name="Name">Such as VAT; why none is charged, when none is.</param>
/// <param name="Percent">0 to 100.</param>
/// <param name="Net">What it is on.</param>
/// <param name="Amount">In whole minor units.</param>
public sealed record InvoiceTax(string Name, decimal Percent, decimal Net, decimal Amount);

/// <summary>A line of an invoice.</summary>
/// <param name="Kind">One of the API's kinds of lines.</param>
/// <param name="Item">Key of the plan's item; of usage its meter and match.</param>
/// <param name="Description">For people.</param>
/// <param name="Quantity">How much.</param>
/// <param name="UnitAmount">Price of one; null where prices differ within it.</param>
/// <param name="Amount">Net before discounts, in whole minor units.</param>
/// <param name="Discount">Taken off it, at least 0 of a positive amount.</param>
/// <param name="Tax">On what is left.</param>
/// <param name="TaxPercent">Its rate.</param>
/// <param name="StartsAt">Begin of the period that it is for.</param>
/// <param name="EndsAt">Its end.</param>
/// <param name="ChargeId">The charge that it opens to; null of one that only sums.</param>
public sealed record InvoiceLine(
    string Kind, string Item, string Description, decimal Quantity, decimal? UnitAmount, decimal Amount, decimal Discount, decimal Tax, decimal TaxPercent,
    DateTimeOffset StartsAt, DateTimeOffset EndsAt, Guid? ChargeId)
{
    /// <summary>The tiers that its quantity reached; empty where the price has none, or no one way of pricing explains the line.</summary>
    public IReadOnlyList<TouchedTier> Tiers { get; init; } = [];
}

/// <summary>Something that happened to an invoice.</summary>
/// <param name="At">When.</param>
/// <param name="Kind">Such as <c>finalised</c>, <c>paid</c>, <c>credited</c>, <c>voided</c>.</param>
/// <param name="Amount">Of money; null where there is none.</param>
/// <param name="Reference">Public id of the payment or credit note; of voiding and writing off the reason.</param>
public sealed record InvoiceEvent(DateTimeOffset At, string Kind, decimal? Amount, string? Reference);

/// <summary>An invoice: a draft as it would be finalised now, or one that was.</summary>
public sealed record Invoice
{
    /// <summary>Whose.</summary>
    public required long TenantId { get; init; }

    /// <summary>Its id.</summary>
    public required Guid Id { get; init; }

    /// <summary>One of <see cref="InvoiceState"/>.</summary>
    public required string State { get; init; }

    /// <summary>Of its legal entity's series; null of a draft.</summary>
    public string? Number { get; init; }

    /// <summary>ISO 4217.</summary>
    public required string Currency { get; init; }

    /// <summary>What was due by then is on it.</summary>
    public required DateTimeOffset BillAt { get; init; }

    /// <summary>When a draft is finalised.</summary>
    public required DateTimeOffset FinaliseAt { get; init; }

    /// <summary>When it was finalised; null of a draft.</summary>
    public DateTimeOffset? IssuedAt { get; init; }

    /// <summary>When it is to be paid; null of a draft.</summary>
    public DateTimeOffset? DueAt { get; init; }

    /// <summary>Begin of what it covers.</summary>
    public required DateTimeOffset StartsAt { get; init; }

    /// <summary>End of what it covers.</summary>
    public required DateTimeOffset EndsAt { get; init; }

    /// <summary>Sum of the lines, before discounts.</summary>
    public required decimal Subtotal { get; init; }

    /// <summary>Sum of the discounts.</summary>
    public required decimal Discount { get; init; }

    /// <summary>Sum of the taxes.</summary>
    public required decimal Tax { get; init; }

    /// <summary>What is to be paid, never below 0.</summary>
    public required decimal Total { get; init; }

    /// <summary>Paid, by payments and by the customer's credit.</summary>
    public decimal Paid { get; init; }

    /// <summary>Taken off by credit notes.</summary>
    public decimal Credited { get; init; }

    /// <summary>Who sells.</summary>
    public InvoiceParty? Seller { get; init; }

    /// <summary>Who buys.</summary>
    public InvoiceParty? Customer { get; init; }

    /// <summary>The customer's purchase order.</summary>
    public string? PoNumber { get; init; }

    /// <summary>Taxes by rate.</summary>
    public IReadOnlyList<InvoiceTax> Taxes { get; init; } = [];

    /// <summary>Its lines; not read for lists.</summary>
    public IReadOnlyList<InvoiceLine> Lines { get; init; } = [];

    /// <summary>Credit notes on it; not read for lists.</summary>
    public IReadOnlyList<CreditNote> CreditNotes { get; init; } = [];

    /// <summary>What happened to it, oldest first; not read for lists.</summary>
    public IReadOnlyList<InvoiceEvent> History { get; init; } = [];

    /// <summary>What is left to pay.</summary>
    public decimal AmountDue => State is InvoiceState.Open or InvoiceState.Draft ? Math.Max(0m, Total - Paid - Credited) : 0m;

    /// <summary>Its id as the API shows it.</summary>
    public string PublicId => Kernel.PublicId.Format(Kernel.PublicId.Invoice, TenantId, Id);
}
