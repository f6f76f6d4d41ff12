using Portal.Domain.Invoicing;
using Portal.Domain.Pricing.Rates;
using Portal.Web.Components.Shared;

namespace Portal.Web.Components.TenantPages.Invoices;

/// <summary>What pages call states and lines of invoices.</summary>
internal static class InvoiceText
{
    /// <summary>States that a list can be narrowed to.</summary>
    public static readonly IReadOnlyList<(string Value, string Text)> States =
        [(InvoiceState.Open, "To pay"), (InvoiceState.Paid, "Paid"), (InvoiceState.Draft, "Draft"), (InvoiceState.Void, "Void"), (InvoiceState.Uncollectible, "Uncollectible")];

    /// <summary>A state in words.</summary>
    public static string State(string state) => States.FirstOrDefault(known => known.Value == state).Text ?? state;

    /// <summary>The colour of a state.</summary>
    public static string Badge(Invoice invoice) => invoice.State switch
    {
        InvoiceState.Paid => "badge-good",
        InvoiceState.Open => "badge-warning",
        InvoiceState.Uncollectible => "badge-bad",
        _ => "badge-plain",
    };

    /// <summary>Something that happened to an invoice, in words.</summary>
    public static string Happened(InvoiceEvent happened) => happened.Kind switch
    {
        "finalised" => "Issued",
        "paid" => "Paid",
        "credit_applied" => "Paid from your credit",
        "credited" => "Credit note issued",
        "voided" => $"Voided: {happened.Reference}",
        "uncollectible" => $"Written off: {happened.Reference}",
        "reopened" => "Open again: money arrived for it",
        "disputed" => "The payment was disputed: due again",
        "reinstated" => "The dispute was won: paid again",
        "sent" => "Sent by mail",
        _ => happened.Kind,
    };

    /// <summary>A quantity with no more digits than it has.</summary>
    public static string Quantity(decimal quantity) => quantity.ToString("#,0.#########", System.Globalization.CultureInfo.CurrentCulture);

    /// <summary>What a tier makes of its part of the quantity: <c>10 up to 10 × $1.00 + $2.00 = $12.00</c>.</summary>
    public static string Tier(TouchedTier tier, string currency)
    {
        var span = tier.UpTo is { } bound ? $"up to {Quantity(bound)}" : $"above {Quantity(tier.Above)}";
        var unit = tier.UnitAmount == 0m && tier.FlatAmount > 0m ? "" : $" × {Figures.Money(tier.UnitAmount, currency, precise: true)}";
        var flat = tier.FlatAmount == 0m ? "" : unit.Length == 0 ? $": {Figures.Money(tier.FlatAmount, currency, precise: true)}" : $" + {Figures.Money(tier.FlatAmount, currency, precise: true)}";
        return $"{Quantity(tier.Quantity)} {span}{unit}{flat}{(unit.Length == 0 ? "" : $" = {Figures.Money(tier.Amount, currency, precise: true)}")}";
    }

    /// <summary>The period of a line, in the tenant's days.</summary>
    public static string Period(DateTimeOffset start, DateTimeOffset end, TimeZoneInfo zone)
    {
        if (end <= start) return "";
        static string Day(DateTimeOffset instant, TimeZoneInfo zone) => TimeZoneInfo.ConvertTime(instant, zone).ToString("d MMM yyyy", System.Globalization.CultureInfo.CurrentCulture);
        return $"{Day(start, zone)} – {Day(end.AddTicks(-1), zone)}";
    }
}
