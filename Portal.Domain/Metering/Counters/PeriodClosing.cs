using System.Text.Json;
using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Ledger;
using Portal.Domain.Metering.Meters;
using Portal.Domain.Pricing;
using Portal.Domain.Pricing.Rates;
using Portal.Domain.Wallet;

namespace Portal.Domain.Metering.Counters;

/// <summary>What a period still owes when it closes, or owes more when something came late: the difference to what was rated for it before.</summary>
internal sealed class PeriodClosing(WalletTransaction wallet, Catalogue catalogue, MeteredPeriod period, bool late)
{
    private const string Counters = "select meter, match, unit, consumer_id, quantity from price_counters where tenant_id = $1 and period_start = $2 order by 1, 2, 3, 4";

    private const string Booked = """
        select detail ->> 'of', count(*)::int, sum(quantity), sum(credits), sum(money), sum(cost) from ratings
        where tenant_id = $1 and kind = 'period' and (detail ->> 'period')::timestamptz = $2 group by 1
        """;

    private const string Insert = """
        insert into ratings (tenant_id, id, transaction_id, kind, rate_version_id, quantity, credits, revenue, money, cost, cost_currency, data, detail,
                             meter, product, pool_named_id, consumer_id, occurred_at)
        values ($1, $2, $3, 'period', $4, $5, $6, $7, $8, $9, $10, $11::json, $12::jsonb, $13, $14, $15, $16, $17)
        """;

    private sealed record Amounts(int Times, decimal Quantity, decimal Credits, decimal Money, decimal? Cost)
    {
        public static readonly Amounts None = new(0, 0m, 0m, 0m, 0m);
    }

    // The last instant of the period: its prices are those in force then, and what it owes happened then.
    private readonly DateTimeOffset last = period.EndsAt.AddTicks(-10);
    private Dictionary<string, Amounts> booked = [];

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        booked = (await wallet.Connection.ListAsync(
            Booked, row => (row.GetString(0), new Amounts(row.GetInt32(1), row.GetDecimal(2), row.GetDecimal(3), row.GetDecimal(4), row.Nullable<decimal?>(5))),
            cancellationToken, wallet.TenantId, period.StartsAt)).ToDictionary(row => row.Item1, row => row.Item2, StringComparer.Ordinal);
        if (!late) await TopUpAsync(cancellationToken);
        foreach (var level in await PeriodLevels.ReadAsync(
            wallet.Connection, wallet.TenantId, wallet.Directory.Zone, catalogue, period, last, cancellationToken)) await RateAsync(level, cancellationToken);
    }

    // What is below its minimum pays the rest; what is due at quantity 0 was no difference of any event.
    private async Task TopUpAsync(CancellationToken cancellationToken)
    {
        var counters = await wallet.Connection.ListAsync(
            Counters, row => (Meter: row.GetString(0), Match: row.GetString(1), Unit: row.GetString(2), Consumer: row.GetInt32(3), Quantity: row.GetDecimal(4)),
            cancellationToken, wallet.TenantId, period.StartsAt);
        foreach (var counter in counters)
        {
            var rate = catalogue.RatesOf(counter.Meter, last).FirstOrDefault(rate => rate.Unit == counter.Unit && rate.Match.Key == counter.Match);
            if (rate is null || catalogue.FindMeter(counter.Meter) is not { } meter) continue;
            var due = Rounded(rate.Price.Charge(counter.Quantity)) - Rounded(rate.Price.Accrue(counter.Quantity)) + Rounded(rate.Price.Accrue(0m));
            if (due <= 0m) continue;
            var of = $"minimum:{counter.Meter}:{counter.Match}:{counter.Unit}:{counter.Consumer}";
            await BookAsync(of, meter, rate, rate.Match, counter.Consumer, new Amounts(0, 0m, rate.InCredits ? due : 0m, rate.InCredits ? 0m : due, 0m), null, cancellationToken);
        }
    }

    private async Task RateAsync(PeriodLevel level, CancellationToken cancellationToken)
    {
        var of = $"level:{level.Meter.Key}:{level.Rate.Match.Key}:{level.Rate.Unit}:{level.ConsumerId}";
        var before = booked.GetValueOrDefault(of, Amounts.None);
        var due = Rounded(level.Rate.Price.Charge(level.Quantity));
        var cost = level.CostRate is { } costRate ? Rounded(costRate.Price.Charge(level.Quantity)) - (before.Cost ?? 0m) : (decimal?)null;
        var credits = level.Rate.InCredits ? Math.Max(0m, due - before.Credits) : 0m; // credits already drawn for a level that fell stay drawn
        await BookAsync(
            of, level.Meter, level.Rate, level.Dimensions, level.ConsumerId,
            new Amounts(before.Times, level.Quantity - before.Quantity, credits, level.Rate.InCredits ? 0m : due - before.Money, cost), level.CostRate, cancellationToken);
    }

    private async Task BookAsync(
        string of, Meter meter, Rate rate, DimensionSet dimensions, int consumerId, Amounts amounts, Rate? costRate, CancellationToken cancellationToken)
    {
        if (amounts is { Times: > 0, Quantity: 0m, Credits: 0m, Money: 0m } || (!rate.InCredits && rate.Unit != wallet.Directory.Currency)) return;
        var pool = wallet.Directory.PoolFor(null, wallet.Directory.Consumers.Values.FirstOrDefault(consumer => consumer.Id == consumerId), teamId: 0)!;
        var posting = wallet.Begin("period_end", last, reason: $"{meter.Key}: {(of.StartsWith("minimum", StringComparison.Ordinal) ? "the rest to its minimum" : "its level in the period")}");
        var pieces = new List<Piece>();
        var drawing = new Drawing(wallet.Wallet, posting, wallet.Directory.PoolsById[Pool.SharedId], late ? wallet.Now : last);
        drawing.Draw(pool, meter.Product, new Overdraw(meter.Key, amounts.Credits, Math.Max(0m, amounts.Quantity)), pieces);
        drawing.Complete();
        wallet.Wallet.Accrue(
            posting, Charge.Usage(meter.Key, rate.Match.Key, period.StartsAt, period.EndsAt) with { Price = rate.InCredits ? null : rate.Price },
            rate.InCredits ? 0m : amounts.Quantity, amounts.Money, Account.RevenueUsage, wallet.Directory.Currency);
        if (wallet.Wallet.Period.StartsAt == period.StartsAt) wallet.Wallet.Period = wallet.Wallet.Period with { Spend = wallet.Wallet.Period.Spend + amounts.Money };
        if (costRate is not null) posting.Book(Account.Cogs(costRate.Vendor!), Account.AccruedCost(costRate.Vendor!), amounts.Cost ?? 0m, costRate.Unit);

        var revenue = pieces.Sum(piece => piece.Value) + amounts.Money;
        var currency = amounts.Cost is null or 0m ? null : costRate?.Unit;
        var rollup = new Rollup();
        var row = new RollupKey(
            wallet.TenantId, wallet.Directory.Zone.HourStart(last), 0, pool.Id, pool.Id, consumerId, meter.Product, dimensions.Model, dimensions.TokenType, dimensions.Tier,
            currency ?? "");
        rollup.AddFigures(row, amounts.Quantity, 0m, amounts.Money, amounts.Cost ?? 0m);
        foreach (var piece in pieces) rollup.AddFigures(row with { PoolId = piece.Pool.Id }, 0m, piece.Credits, piece.Value, 0m);
        await wallet.WriteAsync(cancellationToken);
        await using var batch = new NpgsqlBatch(wallet.Connection, wallet.Transaction);
        batch.Add(Insert, wallet.TenantId, Uuid7.At(wallet.Now), posting.Id, rate.Version?.Id, amounts.Quantity, amounts.Credits, revenue, amounts.Money, amounts.Cost ?? 0m,
            currency, dimensions.Key, Detail(of, amounts.Times), meter.Key, meter.Product, pool.Id, consumerId, last);
        rollup.AddTo(batch);
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    // (tenant, meter, rate, period, kind) and which time: the natural key that makes it happen once.
    private string Detail(string of, int times) => JsonSerializer.Serialize(new
    {
        key = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{of}:{period.StartsAt.UtcTicks}:{times}"),
        of,
        period = period.StartsAt,
        until = period.EndsAt,
    }, PortalJson.Options);

    private static decimal Rounded(decimal amount) => Math.Round(amount, Credits.Places, MidpointRounding.ToEven);
}
