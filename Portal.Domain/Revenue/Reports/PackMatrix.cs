using Npgsql;
using Portal.Domain.Catalog;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Metering.Meters;
using Portal.Domain.Pricing;
using Portal.Domain.Pricing.Rates;

namespace Portal.Domain.Revenue.Reports;

/// <summary>What a credit costs the platform when it is burned on a model, at today's prices and costs.</summary>
/// <param name="Product">The model's product.</param>
/// <param name="Model">The model.</param>
/// <param name="Basis"><c>usage</c>: the mix of quantities of the last 90 days; <c>rates</c>: never used, so its dearest rate.</param>
/// <param name="CostPerCredit">What a credit costs, not rounded; null when a cost is unknown, or a price depends on more than the quantity.</param>
/// <param name="CostCurrency">Its currency; null when unknown.</param>
public sealed record ModelCost(string Product, string Model, string Basis, decimal? CostPerCredit, string? CostCurrency);

/// <summary>A pack burned wholly on a model.</summary>
/// <param name="Pack">The pack.</param>
/// <param name="Model">The model.</param>
/// <param name="Credits">Credits of the pack, bonus included.</param>
/// <param name="Price">What the pack is sold for.</param>
/// <param name="Cost">What burning it all costs, in the pack's currency at nine places; null when unknown or without today's exchange rate.</param>
public sealed record PackOnModel(Pack Pack, ModelCost Model, decimal Credits, decimal Price, decimal? Cost)
{
    /// <summary>Price − cost; null when the cost is unknown.</summary>
    public decimal? Margin => Price - Cost;
}

/// <summary>Whether packs are profitable whatever their credits are burned on (domain.md §10).</summary>
public static class PackMatrix
{
    private const string Mix = """
        select u.product, u.model, u.token_type, u.tier, sum(u.quantity) from usage_hourly u, platform p
        where u.hour > now() + p.clock_offset - interval '90 days' and u.model <> '' group by 1, 2, 3, 4 having sum(u.quantity) > 0
        """;

    private sealed record Used(string Product, string Model, string TokenType, string Tier, decimal Quantity);

    /// <summary>Packs that are sold, times models that a rate names or that were used; the dearest model first.</summary>
    public static async Task<IReadOnlyList<PackOnModel>> ReadAsync(NpgsqlDataSource source, Catalogue catalogue, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(catalogue);
        var packs = (await Packs.ListAsync(source, null, 500, cancellationToken)).Where(pack => pack.Active).ToList();
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        var now = (await connection.ListAsync("select now() + clock_offset from platform", row => row.GetFieldValue<DateTimeOffset>(0), cancellationToken)).Single();
        var mix = await connection.ListAsync(
            Mix, row => new Used(row.GetString(0), row.GetString(1), row.GetString(2), row.GetString(3), row.GetDecimal(4)), cancellationToken);
        var models = Models(catalogue, mix, now).OrderByDescending(model => model.CostPerCredit).ThenBy(model => model.Model, StringComparer.Ordinal).ToList();
        var exchange = await connection.ListAsync(
            "select h, w, fx_rate(h, w, (now() + p.clock_offset)::date) from platform p, unnest($1::text[]) h, unnest($2::text[]) w",
            row => (Key: (row.GetString(0), row.GetString(1)), Rate: row.Nullable<decimal?>(2)), cancellationToken,
            models.Select(model => model.CostCurrency).OfType<string>().Distinct(StringComparer.Ordinal),
            packs.Select(pack => pack.Currency.Code).Distinct(StringComparer.Ordinal));
        var rates = exchange.ToDictionary(one => one.Key, one => one.Rate);
        return [.. from pack in packs from model in models where Serves(pack, model) select On(pack, model, rates)];
    }

    private static bool Serves(Pack pack, ModelCost model) => pack.Products is null || pack.Products.Contains(model.Product, StringComparer.Ordinal);

    private static PackOnModel On(Pack pack, ModelCost model, Dictionary<(string, string), decimal?> rates)
    {
        var credits = pack.Credits ?? pack.Min;
        var total = credits.Amount + pack.BonusCredits.Amount;
        var rate = model.CostCurrency is { } currency ? rates.GetValueOrDefault((currency, pack.Currency.Code)) : null;
        var cost = model.CostPerCredit is { } each && rate is { } known ? Math.Round(total * each * known, 9, MidpointRounding.ToEven) : (decimal?)null;
        return new PackOnModel(pack, model, total, pack.PriceOf(pack.Credits is null ? credits : null).Value.Amount, cost);
    }

    private static IEnumerable<ModelCost> Models(Catalogue catalogue, IReadOnlyList<Used> mix, DateTimeOffset now)
    {
        var (rates, costs) = (catalogue.RateCard(RateCards.Default)?.At(now) ?? RateBook.Empty, catalogue.Costs.At(now));
        foreach (var meter in catalogue.Meters.Where(meter => meter.DimensionNames.Contains("model")))
        {
            var used = mix.Where(one => one.Product == meter.Product).ToLookup(one => one.Model, StringComparer.Ordinal);
            var named = (rates.Of(meter.Key)?.All ?? []).Select(rate => rate.Match.Model).Where(model => model.Length > 0);
            foreach (var model in used.Select(group => group.Key).Concat(named).Distinct(StringComparer.Ordinal))
                yield return used.Contains(model) ? OfUsage(meter, model, used[model], rates, costs) : OfRates(meter, model, rates, costs);
        }
    }

    private static ModelCost OfUsage(Meter meter, string model, IEnumerable<Used> used, RateBook rates, RateBook costs)
    {
        var quantities = used.Select(one => new MeasuredQuantity(one.Quantity, Dimensions(meter, model, one.TokenType, one.Tier))).ToArray();
        return Of(meter, model, "usage", Rater.Rate(meter.Key, quantities, rates, costs, meter.Accumulation));
    }

    private static ModelCost OfRates(Meter meter, string model, RateBook rates, RateBook costs)
    {
        var each = rates.Of(meter.Key)!.All.Where(rate => rate.Match.Model == model && rate.InCredits)
            .Select(rate => Of(meter, model, "rates", Rater.Rate(meter.Key, [new MeasuredQuantity(1_000_000m, rate.Match)], rates, costs, meter.Accumulation))).ToList();
        return each.Find(one => one.CostPerCredit is null) ?? each.MaxBy(one => one.CostPerCredit) ?? new ModelCost(meter.Product, model, "rates", null, null);
    }

    private static ModelCost Of(Meter meter, string model, string basis, Rating rating) =>
        rating is { Rated: true, Open: null, Cost: { } cost, Credits.Amount: > 0m and var credits }
            ? new ModelCost(meter.Product, model, basis, cost / credits, rating.CostCurrency)
            : new ModelCost(meter.Product, model, basis, null, null);

    private static DimensionSet Dimensions(Meter meter, string model, string tokenType, string tier) => DimensionSet.Of(
        new (string Name, string Value)[] { ("model", model), ("token_type", tokenType), ("tier", tier) }
            .Where(one => one.Value.Length > 0 && meter.DimensionNames.Contains(one.Name)).Select(one => KeyValuePair.Create(one.Name, one.Value)));
}
