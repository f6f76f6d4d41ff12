using System.Globalization;
using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Ledger;
using Portal.Domain.Metering.Corrections;
using Portal.Domain.Metering.Intake;
using Portal.Domain.Metering.Meters;
using Portal.Domain.Pricing;
using Portal.Domain.Pricing.Rates;

namespace Portal.Domain.Metering.Explaining;

/// <summary>
/// Explains events: measures what is stored of one again and prices it under the versions that its rating was made from, never under
/// those of today.
/// </summary>
public sealed class Explanations(NpgsqlDataSource source, Catalogues catalogues)
{
    private const string Convert = """
        select t.currency::text, round($2::numeric * fx_rate($3, t.currency::text, ($4::timestamptz at time zone t.time_zone)::date), 9)
        from tenants t where t.tenant_id = $1
        """;

    private const string ByDifference = "Its price looks at the whole period: the event pays what the period's quantity costs now less what it cost before.";

    private static readonly HashSet<string> NothingKept = new(StringComparer.Ordinal);

    /// <summary>One event of a tenant; null when there is none of that key.</summary>
    /// <param name="tenantId">Whose.</param>
    /// <param name="key">The event's key (<see cref="EventIdentity"/>).</param>
    /// <param name="cancellationToken">Stops reading.</param>
    public async Task<EventExplanation?> FindAsync(long tenantId, Guid key, CancellationToken cancellationToken = default)
    {
        if (await EventQuery.ExplainAsync(source, tenantId, key, cancellationToken) is not { } explained) return null;
        var catalogue = await catalogues.CurrentAsync(cancellationToken);
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        var standing = await StandingEvent.FindAsync(connection, tenantId, key, cancellationToken);
        if (standing is null) return null;
        var transaction = await Statement.FindAsync(connection, tenantId, explained.Event.TransactionId, cancellationToken);
        var cost = CostOf(explained, standing);
        var (currency, converted) = (await connection.ListAsync(
            Convert, row => (row.GetString(0), row.Nullable<decimal?>(1)), cancellationToken, tenantId, cost ?? 0m, cost is 0m ? null : standing.CostCurrency, standing.OccurredAt)).Single();
        return new EventExplanation(
            explained, Quantities(catalogue, await TenantPrices.ReadAsync(connection, tenantId, cancellationToken), explained, standing), transaction, currency, cost, cost is null ? null : standing.CostCurrency,
            cost is null ? null : cost == 0m ? 0m : converted);
    }

    // The cost of the last rating, less what a void took back: nothing when the usage happened all the same.
    private static decimal? CostOf(ExplainedEvent explained, StandingEvent standing)
    {
        if (!explained.Event.Rated) return null;
        return standing.Cost + explained.Ratings.Where(rating => rating.Kind == "void").Sum(rating => rating.Cost ?? 0m);
    }

    private static IReadOnlyList<ExplainedQuantity> Quantities(Catalogue catalogue, TenantPrices prices, ExplainedEvent explained, StandingEvent standing)
    {
        var usage = new UsageEvent { Index = 0, Type = standing.Type, OccurredAt = standing.OccurredAt, Data = standing.Bytes };
        new EventMeasuring(catalogue).Measure(usage, prices, NothingKept);
        if (usage.Meter is not { } meter || usage.Rating is not { } measured) return [];
        var ratedAt = explained.Ratings.Where(rating => rating.Kind is "late_rating" or "amend" or "rerate").Select(rating => Uuid7.InstantOf(rating.TransactionId))
            .Append(explained.Event.PostedAt).Max();
        var rates = OfPlan(prices, measured, standing) ?? InForce(catalogue.AllRateVersions.Where(version => version.Card == CardOf(catalogue, standing)), standing.RateVersionId, ratedAt, standing.OccurredAt);
        var costs = InForce(catalogue.AllCostVersions, null, ratedAt, standing.OccurredAt);
        var rating = Rater.Rate(
            meter.Key, [.. measured.Lines.Select(line => new MeasuredQuantity(line.Quantity, line.Dimensions, line.Distinct))], Book(rates), Book(costs), meter.Accumulation);
        if (standing.CostOnly)
        {
            rating = Rater.CostOnly(rating); // work of a case has no price
            rates.Clear();
        }

        var lines = rating.Open is { } accumulation ? AccumulatedLines.Of(rating, accumulation, standing)
            : rating.Rated && standing.Rated && !standing.Voided ? StandingRating.Of(standing, rating, withCost: true).Lines
            : rating.Lines;
        var counters = standing.Amended || explained.Ratings.Any(later => later.Kind is "late_rating" or "amend" or "rerate") ? [] : explained.Event.Counters;
        return [.. lines.Select((line, i) => Explain(meter, line with { Counter = counters.ElementAtOrDefault(i) }, rating.Lines, rates, costs))];
    }

    // The price of the plan's item that was had then; plans are no cards, so it is shown as one. Null: a card priced it.
    private static List<CardVersion>? OfPlan(TenantPrices prices, Rating measured, StandingEvent standing)
    {
        if (standing.RateVersionId is not null || !standing.Rated || prices.At(standing.OccurredAt) is not { } terms) return null;
        var rates = measured.Lines.Select(line => line.Rate).OfType<Rate>().Where(rate => rate.Version is null).Distinct().ToList();
        return rates.Count == 0 ? null : [new CardVersion(0, $"plan {terms.Plan}", terms.PlanVersion, terms.From, terms.From, rates)];
    }

    private static string CardOf(Catalogue catalogue, StandingEvent standing) =>
        standing.RateVersionId is { } id && catalogue.FindRateVersion(id) is { } version ? version.Card : RateCards.Default;

    // Of each card the version that stored ids name, else the one that was in force when the rating was made.
    private static List<CardVersion> InForce(IEnumerable<CardVersion> versions, int? named, DateTimeOffset ratedAt, DateTimeOffset occurredAt)
    {
        var all = versions.ToList();
        if (named is { } id && all.Find(version => version.Id == id) is { } exact) return [exact];
        var known = all.Where(version => version.PublishedAt <= ratedAt).ToList();
        return [.. new Timeline(known).VersionsAt(occurredAt)];
    }

    private static RateBook Book(IEnumerable<CardVersion> versions) => new(versions.SelectMany(version => version.Rates));

    private static ExplainedQuantity Explain(
        Meter meter, RatedLine line, IReadOnlyList<RatedLine> all, IReadOnlyList<CardVersion> rates, IReadOnlyList<CardVersion> costs)
    {
        var rate = Explain(meter.Key, meter.Accumulation, line, all, rates);
        var cost = Explain(meter.Key, Accumulation.Sum, line with { Counter = null }, all, costs);
        return new ExplainedQuantity(line.Quantity, line.Dimensions, rate, cost, line.Credits.Amount, line.Money, line.Cost);
    }

    private static ExplainedRate? Explain(
        string meter, Accumulation accumulation, RatedLine line, IReadOnlyList<RatedLine> all, IReadOnlyList<CardVersion> versions)
    {
        var covering = Covering(meter, line.Dimensions, versions);
        if (covering.Count == 0) return null;
        var rate = covering[0];
        if (rate.NeedsCounter(accumulation))
        {
            var reached = line.Counter is { } span ? TouchedTiers.Of(rate.Price, span.Before, span.After) : [];
            return new ExplainedRate(rate, $"{Why(rate, covering.Count - 1)} {ByDifference}", [.. covering.Skip(1)], reached, line.Counter);
        }

        // Quantities of the event that find the same rate are priced together.
        var together = all.Where(other => ReferenceEquals(Covering(meter, other.Dimensions, versions).FirstOrDefault(), rate)).Sum(other => other.Quantity);
        return new ExplainedRate(rate, Why(rate, covering.Count - 1), [.. covering.Skip(1)], TouchedTiers.Of(rate.Price, 0m, together), Counter: null);
    }

    private static List<Rate> Covering(string meter, DimensionSet dimensions, IReadOnlyList<CardVersion> versions) =>
        [.. versions.SelectMany(version => version.Rates).Where(rate => rate.Meter == meter && rate.Match.Covers(dimensions)).OrderByDescending(rate => rate.Match.Count)];

    private static string Why(Rate rate, int others)
    {
        var named = rate.Match.Count switch
        {
            0 => "It names no dimension, so it covers any quantity of the meter",
            1 => $"It names {rate.Match}",
            _ => string.Create(CultureInfo.InvariantCulture, $"It names {rate.Match.Count} dimensions, {rate.Match}"),
        };
        return others switch
        {
            0 => named + "; no other rate covers the quantity.",
            1 => named + "; the other rate that covers the quantity is less specific.",
            _ => string.Create(CultureInfo.InvariantCulture, $"{named}; {others} other rates that cover the quantity are less specific."),
        };
    }
}
