using System.Runtime.InteropServices;
using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Pricing;
using Portal.Domain.Wallet;

namespace Portal.Domain.Metering;

/// <summary>Which row of usage_hourly; 0 and "" stand for none.</summary>
public readonly record struct RollupKey(
    long TenantId, DateTimeOffset Hour, int TeamId, int PoolId, int PoolNamedId, int ConsumerId, string Product, string Model, string TokenType,
    string Tier, string CostCurrency);

/// <summary>Usage gathered by hour in memory and added to <c>usage_hourly</c> in the transaction that books it.</summary>
public sealed class Rollup
{
    private const string AddToHours = """
        insert into usage_hourly as u (tenant_id, hour, team_id, pool_id, pool_named_id, consumer_id, product, model, token_type, tier, cost_currency,
                                       events, quantity, credits, revenue, cost, cost_unknown)
        select * from unnest($1::bigint[], $2::timestamptz[], $3::int[], $4::int[], $5::int[], $6::int[], $7::text[], $8::text[], $9::text[], $10::text[],
                             $11::text[], $12::bigint[], $13::numeric[], $14::numeric[], $15::numeric[], $16::numeric[], $17::bigint[])
        on conflict (tenant_id, hour, team_id, pool_id, pool_named_id, consumer_id, product, model, token_type, tier, cost_currency) do update set
          events = u.events + excluded.events, quantity = u.quantity + excluded.quantity, credits = u.credits + excluded.credits,
          revenue = u.revenue + excluded.revenue, cost = u.cost + excluded.cost, cost_unknown = u.cost_unknown + excluded.cost_unknown
        """;

    private readonly Dictionary<RollupKey, Sum> sums = [];

    private struct Sum
    {
        public long Events, CostUnknown;
        public decimal Quantity, Credits, Revenue, Cost;
    }

    /// <summary>
    /// Adds a rated event. Its lines take the pieces in order; each piece's value is spread over its parts by credits, the last part
    /// taking the rest, so all figures sum exactly. The event counts once, in the row of its first quantity and the pool it drew first.
    /// </summary>
    /// <param name="common">The row but for pool drawn, model, token type, tier and cost currency; its pool serves lines that draw nothing.</param>
    /// <param name="rating">What the event came to.</param>
    /// <param name="pieces">What it drew; their credits sum to the rating's.</param>
    public void Add(in RollupKey common, Rating rating, IReadOnlyList<Piece> pieces) => Add(common, rating, pieces, 1);

    /// <summary>Takes out what <see cref="Add(in RollupKey, Rating, IReadOnlyList{Piece})"/> adds of the same.</summary>
    public void Subtract(in RollupKey common, Rating rating, IReadOnlyList<Piece> pieces) => Add(common, rating, pieces, -1);

    private void Add(in RollupKey common, Rating rating, IReadOnlyList<Piece> pieces, int sign)
    {
        var (next, left, value) = (0, 0m, 0m);
        if (pieces.Count > 0) (left, value) = (pieces[0].Credits, pieces[0].Value);
        var drawn = pieces.Count > 0 ? pieces[0].Pool.Id : common.PoolId;
        for (var i = 0; i < rating.Lines.Count; i++)
        {
            var line = rating.Lines[i];
            var key = common with
            {
                PoolId = drawn,
                Model = line.Model,
                TokenType = line.TokenType,
                Tier = line.Tier,
                CostCurrency = rating.CostCurrency ?? "",
            };
            ref var row = ref Row(key);
            row.Quantity += sign * line.Quantity;
            row.Revenue += sign * line.Money;
            row.Cost += sign * (line.Cost ?? 0m);
            if (i == 0)
            {
                row.Events += sign;
                if (rating.Cost is null) row.CostUnknown += sign;
            }

            for (var credits = line.Credits.Amount; credits > 0m;)
            {
                var part = Math.Min(credits, left);
                var worth = part == left ? value : Math.Round(pieces[next].Value * part / pieces[next].Credits, 9, MidpointRounding.ToZero);
                row = ref Row(key with { PoolId = drawn });
                row.Credits += sign * part;
                row.Revenue += sign * worth;
                (credits, left, value) = (credits - part, left - part, value - worth);
                if (left > 0m || ++next == pieces.Count) continue;
                (left, value, drawn) = (pieces[next].Credits, pieces[next].Value, pieces[next].Pool.Id);
            }
        }

        if (rating.Lines.Count == 0) Row(common).Events += sign;
    }

    /// <summary>Adds revenue alone: of a debt that was settled later.</summary>
    public void AddRevenue(in RollupKey key, decimal revenue) => Row(key).Revenue += revenue;

    /// <summary>Adds figures that are no event's own: of a period that closed, of credits given back.</summary>
    public void AddFigures(in RollupKey key, decimal quantity, decimal credits, decimal revenue, decimal cost)
    {
        ref var row = ref Row(key);
        row.Quantity += quantity;
        row.Credits += credits;
        row.Revenue += revenue;
        row.Cost += cost;
    }

    /// <summary>Adds the statement that writes the sums; none for none. Rows come sorted so that two writers meet in one order.</summary>
    public void AddTo(NpgsqlBatch batch)
    {
        if (sums.Count == 0) return;
        var keys = sums.Keys.ToArray();
        Array.Sort(keys, static (x, y) => Compare(x, y));
        var rows = keys.Select(key => sums[key]).ToArray();
        batch.Add(AddToHours, keys.Select(k => k.TenantId), keys.Select(k => k.Hour), keys.Select(k => k.TeamId), keys.Select(k => k.PoolId),
            keys.Select(k => k.PoolNamedId), keys.Select(k => k.ConsumerId), keys.Select(k => k.Product), keys.Select(k => k.Model),
            keys.Select(k => k.TokenType), keys.Select(k => k.Tier), keys.Select(k => k.CostCurrency), rows.Select(r => r.Events),
            rows.Select(r => r.Quantity), rows.Select(r => r.Credits), rows.Select(r => r.Revenue), rows.Select(r => r.Cost), rows.Select(r => r.CostUnknown));
    }

    private ref Sum Row(RollupKey key) => ref CollectionsMarshal.GetValueRefOrAddDefault(sums, key, out _);

    private static int Compare(in RollupKey x, in RollupKey y)
    {
        var order = x.TenantId.CompareTo(y.TenantId);
        if (order == 0) order = x.Hour.CompareTo(y.Hour);
        if (order == 0) order = x.TeamId.CompareTo(y.TeamId);
        if (order == 0) order = x.PoolId.CompareTo(y.PoolId);
        if (order == 0) order = x.PoolNamedId.CompareTo(y.PoolNamedId);
        if (order == 0) order = x.ConsumerId.CompareTo(y.ConsumerId);
        if (order == 0) order = string.CompareOrdinal(x.Product, y.Product);
        if (order == 0) order = string.CompareOrdinal(x.Model, y.Model);
        if (order == 0) order = string.CompareOrdinal(x.TokenType, y.TokenType);
        if (order == 0) order = string.CompareOrdinal(x.Tier, y.Tier);
        return order == 0 ? string.CompareOrdinal(x.CostCurrency, y.CostCurrency) : order;
    }
}
