using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Payments;
using Portal.Domain.Pricing.Rates;
using Portal.Domain.Taxes;
using Portal.Domain.Wallet;

namespace Portal.Domain.Invoicing;

/// <summary>A charge as an invoice takes it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Kind">One of <see cref="ChargeKind"/>.</param>
/// <param name="Item">What it is of.</param>
/// <param name="StartsAt">Begin of its period.</param>
/// <param name="EndsAt">Its end.</param>
/// <param name="Advance">Due as the period begins.</param>
/// <param name="Quantity">How much.</param>
/// <param name="Amount">Money, net, not rounded.</param>
/// <param name="Description">For people.</param>
/// <param name="UnitAmount">Price of one, where it has one.</param>
public sealed record OpenCharge(
    Guid Id, string Kind, string Item, DateTimeOffset StartsAt, DateTimeOffset EndsAt, bool Advance, decimal Quantity, decimal Amount, string Description, decimal? UnitAmount)
{
    /// <summary>Its price includes tax, which its amount has not.</summary>
    public bool TaxInclusive { get; init; }

    /// <summary>Of overage: the credits sold, whatever prices them.</summary>
    public decimal Credits { get; init; }

    /// <summary>What priced it; null where nothing has tiers.</summary>
    public Price? Price { get; init; }

    /// <summary>How much of the same was invoiced before.</summary>
    public decimal Before { get; init; }

    /// <summary>
    /// The tiers that it reached, where they come to its amount: not where a price changed within its period, nor where each consumer or event
    /// has tiers of its own.
    /// </summary>
    public IReadOnlyList<TouchedTier> Tiers()
    {
        if (Price is not { } price || Quantity <= 0m || Before < 0m || (Before > 0m && price.Model != PriceModel.Graduated)) return [];
        var after = Before + Quantity;
        return ComesTo(price.Accrue, after) == Amount || ComesTo(price.Charge, after) == Amount ? TouchedTiers.Of(price, Before, after) : [];
    }

    private decimal ComesTo(Func<decimal, decimal> amount, decimal after) =>
        Math.Round(amount(after), 9, MidpointRounding.ToEven) - (Before > 0m ? Math.Round(amount(Before), 9, MidpointRounding.ToEven) : 0m);
}

/// <summary>
/// Makes the lines and sums of an invoice from charges. Pure. A line rounds once, to the minor unit, half away from zero; tax is computed per rate
/// on the sum of its lines, rounded once and spread by largest remainder, or taken out of it where prices include it; what would be below 0 is brought up to 0 and is the customer's credit.
/// </summary>
/// <param name="currency">Of all of it.</param>
/// <param name="taxation">Which tax it bears.</param>
/// <param name="zone">The tenant's: days of tax are its days.</param>
/// <param name="lastBilled">Until when periods have been invoiced; null for none. Arrears of an earlier one are late.</param>
public sealed class InvoiceBuilder(Currency currency, Taxation taxation, TimeZoneInfo zone, DateTimeOffset? lastBilled)
{
    /// <summary>What an invoice comes to.</summary>
    /// <param name="Lines">Its lines.</param>
    /// <param name="Taxes">Taxes by rate.</param>
    /// <param name="Subtotal">Sum of the lines.</param>
    /// <param name="Tax">Sum of the taxes.</param>
    /// <param name="Total">To be paid; at least 0.</param>
    /// <param name="CustomerCredit">What it would be below 0 by.</param>
    /// <param name="Rounding">What rounding added to the charges.</param>
    /// <param name="StartsAt">Begin of what it covers.</param>
    /// <param name="EndsAt">End of what it covers.</param>
    public sealed record Figures(
        IReadOnlyList<InvoiceLine> Lines, IReadOnlyList<InvoiceTax> Taxes, decimal Subtotal, decimal Tax, decimal Total, decimal CustomerCredit, decimal Rounding,
        DateTimeOffset StartsAt, DateTimeOffset EndsAt)
    {
        /// <summary>What lines take off, at least 0.</summary>
        public decimal Discount => Lines.Where(line => line.Kind == ChargeKind.Discount).Sum(line => -line.Amount);
    }

    /// <summary>The builder of a tenant's invoices as things stand: previews and finalised ones are made by the same.</summary>
    /// <param name="connection">The database.</param>
    /// <param name="tenantId">The tenant.</param>
    /// <param name="currency">Its currency.</param>
    /// <param name="zone">Its zone.</param>
    /// <param name="seller">Who sells; null: nobody yet.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    public static async Task<InvoiceBuilder> OfAsync(
        NpgsqlConnection connection, long tenantId, string currency, TimeZoneInfo zone, LegalEntity? seller, CancellationToken cancellationToken)
    {
        const string last = "select max(bill_at) from invoices where tenant_id = $1 and state <> 'draft' and sale is null";
        var taxation = await Taxation.ReadAsync(connection, tenantId, seller?.Country ?? "", cancellationToken);
        var billed = await connection.ListAsync(last, row => row.Nullable<DateTimeOffset?>(0), cancellationToken, tenantId);
        return new InvoiceBuilder(Currency.Of(currency), taxation, zone, billed[0]);
    }

    /// <summary>The figures of charges, on an invoice of a date.</summary>
    public Figures Build(IReadOnlyCollection<OpenCharge> charges, DateTimeOffset billAt)
    {
        ArgumentNullException.ThrowIfNull(charges);
        var taxed = charges.OrderBy(Order).ThenBy(charge => charge.StartsAt).ThenBy(charge => charge.Description, StringComparer.Ordinal).ThenBy(charge => charge.Id)
            .Select(charge => (Charge: charge, Rate: taxation.On(zone.DateIn(IsLate(charge) ? charge.EndsAt : billAt)))).ToArray();
        var lines = taxed.Select(row => LineOf(row.Charge, row.Rate)).ToArray();
        RoundCoupons(lines, [.. taxed.Select(row => row.Charge)]);
        var taxes = new List<InvoiceTax>();
        foreach (var ofRate in taxed.Index().GroupBy(row => row.Item.Rate))
        {
            var ofPrices = ofRate.ToLookup(row => row.Item.Charge.TaxInclusive, row => row.Index);
            var (added, included) = (AddTax(lines, [.. ofPrices[false]], ofRate.Key.Percent), TakeTax(lines, [.. ofPrices[true]], [.. ofPrices[true].Select(i => taxed[i].Charge.Amount)], ofRate.Key.Percent));
            if (ofRate.Key != Taxation.None) taxes.Add(new InvoiceTax(ofRate.Key.Name, ofRate.Key.Percent, added.Net + included.Net, added.Tax + included.Tax));
        }

        var (subtotal, allTax) = (lines.Sum(line => line.Amount), lines.Sum(line => line.Tax));
        var sum = subtotal + allTax;
        var credit = Math.Max(0m, -sum);
        if (credit > 0m)
        {
            lines = [.. lines, new InvoiceLine("customer_credit", "", "Kept as credit for later invoices", 1m, credit, credit, 0m, 0m, 0m, billAt, billAt, ChargeId: null)];
            subtotal += credit;
        }

        return new Figures(lines, taxes, subtotal, allTax, sum + credit, credit, lines.Where(line => line.ChargeId is not null).Sum(line => line.Amount) - charges.Sum(charge => charge.Amount),
            charges.Select(charge => charge.StartsAt).DefaultIfEmpty(billAt).Min(), charges.Select(charge => charge.EndsAt).DefaultIfEmpty(billAt).Max());
    }

    // On the sum of lines whose prices are net.
    private TaxedPrice AddTax(InvoiceLine[] lines, int[] places, decimal percent)
    {
        var net = places.Sum(i => lines[i].Amount);
        var tax = currency.RoundToMinor(net * percent / 100m);
        decimal[] shares = [.. places.Select(i => lines[i].Amount * percent / 100m)];
        LargestRemainder.Spread(shares, tax, currency.MinorPlaces);
        foreach (var (i, share) in places.Zip(shares)) lines[i] = lines[i] with { Tax = share };
        return new TaxedPrice(net, tax);
    }

    // Out of the sum of lines whose prices include it: each line's total is its price, net and tax share it.
    private TaxedPrice TakeTax(InvoiceLine[] lines, int[] places, decimal[] amounts, decimal percent)
    {
        // The price is listed in whole minor units; billionths that netting lost do not move it over half of one.
        decimal[] totals = [.. amounts.Select(net => currency.RoundToMinor(Math.Round(net * (100m + percent) / 100m, 6, MidpointRounding.AwayFromZero)))];
        var total = totals.Sum();
        var price = TaxedPrice.Of(Math.Abs(total), inclusive: true, percent, currency);
        if (total < 0m) price = new TaxedPrice(-price.Net, -price.Tax);
        decimal[] nets = [.. totals.Select(gross => gross * 100m / (100m + percent))];
        LargestRemainder.Spread(nets, price.Net, currency.MinorPlaces);
        foreach (var (k, i) in places.Index()) lines[i] = lines[i] with { Amount = nets[k], Tax = totals[k] - nets[k] };
        return price;
    }

    private bool IsLate(OpenCharge charge) => !charge.Advance && charge.EndsAt <= lastBilled;

    private InvoiceLine LineOf(OpenCharge charge, TaxRate rate)
    {
        var kind = ChargeKind.IsCoupon(charge.Kind) ? ChargeKind.Discount
            : !IsLate(charge) || charge.Kind is ChargeKind.Discount or ChargeKind.TrueUp ? charge.Kind
            : charge.Amount < 0m ? "credit"
            : charge.Kind == ChargeKind.Usage ? "late_usage" : charge.Kind;
        var unit = charge.UnitAmount ?? UnitOf(charge);
        return new InvoiceLine(
            kind, charge.Item, charge.Description, charge.Quantity, unit, currency.RoundToMinor(charge.Amount), 0m, 0m, rate.Percent, charge.StartsAt, charge.EndsAt, charge.Id)
        {
            Tiers = charge.Tiers(),
        };
    }

    // A coupon's lines round once, together, and never to more than what they are taken off.
    private void RoundCoupons(InvoiceLine[] lines, IReadOnlyList<OpenCharge> charges)
    {
        int[] places = [.. charges.Index().Where(row => ChargeKind.IsCoupon(row.Item.Kind)).Select(row => row.Index)];
        if (places.Length == 0) return;
        decimal[] amounts = [.. places.Select(i => charges[i].Amount)];
        var most = lines.Index().Where(row => !places.Contains(row.Index)).Sum(row => Math.Max(0m, row.Item.Amount));
        LargestRemainder.Spread(amounts, Math.Max(currency.RoundToMinor(amounts.Sum()), -most), currency.MinorPlaces);
        foreach (var (i, amount) in places.Zip(amounts)) lines[i] = lines[i] with { Amount = amount };
    }

    // A price of one that explains the amount exactly; otherwise prices differ within it. A token may cost less than a billionth.
    private static decimal? UnitOf(OpenCharge charge)
    {
        if (charge.Quantity == 0m) return null;
        var unit = Math.Round(charge.Amount / charge.Quantity, 9, MidpointRounding.ToEven);
        if (Math.Round(unit * charge.Quantity, 9, MidpointRounding.ToEven) == charge.Amount) return unit;
        unit = Math.Round(charge.Amount / charge.Quantity, 15, MidpointRounding.ToEven);
        return unit * charge.Quantity == charge.Amount ? unit : null;
    }

    private static int Order(OpenCharge charge) => charge.Kind switch
    {
        ChargeKind.Flat or ChargeKind.Commit => 0,
        ChargeKind.Seat => 1,
        ChargeKind.IncludedCredits => 2,
        ChargeKind.Proration => 3,
        ChargeKind.Usage => 4,
        ChargeKind.Overage => 5,
        ChargeKind.Minimum => 6,
        ChargeKind.Discount => 7,
        ChargeKind.TrueUp => 8,
        ChargeKind.CouponOnFee or ChargeKind.CouponOnCredits or ChargeKind.CouponOnUsage => 9,
        _ => 10,
    };
}
