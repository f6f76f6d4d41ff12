using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Metering.Meters;
using Portal.Domain.Pricing;
using Portal.Domain.Pricing.Rates;

namespace Portal.Domain.Metering.Counters;

/// <summary>The level of one rate's usage over a period.</summary>
/// <param name="Meter">What measures it.</param>
/// <param name="Rate">What prices it.</param>
/// <param name="CostRate">What the platform pays for it; null when that is unknown.</param>
/// <param name="Dimensions">What it is of.</param>
/// <param name="ConsumerId">Whose, where the price is for each consumer; 0: everybody's.</param>
/// <param name="Quantity">The level.</param>
public sealed record PeriodLevel(Meter Meter, Rate Rate, Rate? CostRate, DimensionSet Dimensions, int ConsumerId, decimal Quantity)
{
    /// <summary>What it comes to, in the rate's unit, at nine places.</summary>
    public decimal Amount => Math.Round(Rate.Price.Charge(Quantity), Credits.Places, MidpointRounding.ToEven);
}

/// <summary>
/// Levels of a period from its hours (domain.md §6): the latest, or a percentile of the hourly values, in which silent hours count 0. What one
/// rate covers is one level.
/// </summary>
public static class PeriodLevels
{
    private const string Sql = """
        select g.meter, g.hour, g.dimensions, g.consumer_id, g.greatest, g.latest, g.latest_at,
          array(select v.value from counted_values v where v.tenant_id = g.tenant_id and v.period_start = g.hour and v.meter = g.meter and v.match = g.dimensions
            and v.unit = 'hour' and v.consumer_id = g.consumer_id)
        from gauge_hours g where g.tenant_id = $1 and g.hour >= $2 and g.hour < $3 order by g.meter, g.hour, g.dimensions, g.consumer_id
        """;

    private sealed record Hour(
        string Meter, DateTimeOffset At, string Dimensions, int ConsumerId, decimal Greatest, decimal Latest, DateTimeOffset LatestAt, Guid[] Values);

    /// <summary>Reads the levels of a period, at the prices of an instant.</summary>
    /// <param name="connection">Any that may read the tenant.</param>
    /// <param name="tenantId">The tenant.</param>
    /// <param name="zone">Its zone.</param>
    /// <param name="catalogue">Meters and cards.</param>
    /// <param name="period">The period; of one that runs, what it comes to so far.</param>
    /// <param name="at">When the prices are in force.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public static async Task<IReadOnlyList<PeriodLevel>> ReadAsync(
        NpgsqlConnection connection, long tenantId, TimeZoneInfo zone, Catalogue catalogue, MeteredPeriod period, DateTimeOffset at, CancellationToken cancellationToken)
    {
        var hours = await connection.ListAsync(
            Sql, row => new Hour(
                row.GetString(0), row.GetFieldValue<DateTimeOffset>(1), row.GetString(2), row.GetInt32(3), row.GetDecimal(4), row.GetDecimal(5),
                row.GetFieldValue<DateTimeOffset>(6), row.GetFieldValue<Guid[]>(7)),
            cancellationToken, tenantId, zone.HourStart(period.StartsAt), period.EndsAt);
        var levels = new List<PeriodLevel>();
        foreach (var ofMeter in hours.GroupBy(hour => hour.Meter, StringComparer.Ordinal))
        {
            if (catalogue.FindMeter(ofMeter.Key) is not { Accumulation: Accumulation.Gauge } meter) continue;
            var rated = ofMeter.Select(hour => (Hour: hour, Dimensions: DimensionSet.Parse(hour.Dimensions)))
                .Select(hour => (hour.Hour, hour.Dimensions, Rate: catalogue.RateOf(meter.Key, hour.Dimensions, at)))
                .Where(hour => hour.Rate is not null);
            foreach (var group in rated.GroupBy(hour => (hour.Rate, Consumer: hour.Rate!.Price.Scope == PriceScope.Consumer ? hour.Hour.ConsumerId : 0)))
            {
                var dimensions = group.First().Dimensions;
                levels.Add(new PeriodLevel(
                    meter, group.Key.Rate!, catalogue.Costs.At(at).Of(meter.Key)?.Find(dimensions), dimensions, group.Key.Consumer,
                    LevelOf(meter, [.. group.Select(hour => hour.Hour)], period)));
            }
        }

        return levels;
    }

    /// <summary>What the period that runs comes to so far: what its end would rate if nothing more came.</summary>
    public static async Task<IReadOnlyList<PeriodLevel>> SoFarAsync(TenantRead read, Catalogues catalogues, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(read);
        ArgumentNullException.ThrowIfNull(catalogues);
        var catalogue = (await catalogues.CurrentAsync(cancellationToken)).For(await TenantPrices.ReadAsync(read.Connection, read.TenantId, cancellationToken));
        if (catalogue.Meters.All(meter => meter.Accumulation != Accumulation.Gauge)) return [];
        var period = (await MeteredPeriods.ReadAsync(read.Connection, read.TenantId, read.Zone, cancellationToken)).Of(read.Now);
        return await ReadAsync(read.Connection, read.TenantId, read.Zone, catalogue, period, read.Now, cancellationToken);
    }

    /// <summary>Drops the <c>floor(hours × (100 − p) / 100)</c> highest hourly values and answers the next; silent hours are 0.</summary>
    /// <param name="hourly">Values of the hours that have one.</param>
    /// <param name="hours">Hours of the period.</param>
    /// <param name="percentile">Above 0, at most 100.</param>
    public static decimal Percentile(IEnumerable<decimal> hourly, int hours, decimal percentile)
    {
        var drop = (int)decimal.Floor(hours * (100m - percentile) / 100m);
        return hourly.OrderDescending().Skip(drop).FirstOrDefault();
    }

    private static decimal LevelOf(Meter meter, Hour[] hours, MeteredPeriod period)
    {
        if (meter.Definition.Aggregation == "latest") return hours.MaxBy(hour => (hour.LatestAt, hour.Dimensions))!.Latest;
        var hourly = hours.GroupBy(hour => hour.At).Select(hour => meter.Definition.Of == "hourly_unique"
            ? hour.SelectMany(part => part.Values).Distinct().Count()
            : hour.Max(part => part.Greatest));
        var length = Math.Max(1, (int)Math.Floor((period.EndsAt - period.StartsAt).TotalHours));
        return Percentile(hourly, length, meter.Definition.Percentile!.Value);
    }
}
