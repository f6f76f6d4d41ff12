using Portal.Domain.Wallet;

namespace Portal.Database.Tests.Properties;

/// <summary>A lot of the plain model.</summary>
internal sealed class PlainLot
{
    public required string Pool { get; init; }

    public required decimal Amount { get; init; }

    public required decimal Remaining { get; set; }

    public required decimal Value { get; init; }

    public required int Priority { get; init; }

    public required DateTimeOffset EffectiveAt { get; init; }

    public required DateTimeOffset? ExpiresAt { get; init; }

    public required Guid Id { get; init; }

    // By the words of domain.md §4, in whole billionths; written apart from the engine's formula on purpose.
    public decimal ValueLeft => Math.Round((decimal)((System.Numerics.BigInteger)(Value * 1_000_000_000m) * (System.Numerics.BigInteger)(Remaining * 1_000_000_000m) * 10
        / (System.Numerics.BigInteger)(Amount * 1_000_000_000m)) / 10m, 0, MidpointRounding.AwayFromZero) / 1_000_000_000m;
}

/// <summary>
/// A wallet as slow and plain as can be: lots and debts in lists, one command after another. Pool <c>team</c> overflows to
/// <c>shared</c>; debt arises on shared.
/// </summary>
internal sealed class PlainWallet
{
    private readonly List<PlainLot> lots = [];
    private readonly HashSet<string> seen = new(StringComparer.Ordinal);

    public decimal Debt { get; private set; }

    public decimal Consumed { get; private set; }

    public decimal Expired { get; private set; }

    public decimal Revenue { get; private set; }

    public decimal Breakage { get; private set; }

    public decimal Balance(string pool) => lots.Where(lot => lot.Pool == pool).Sum(lot => lot.Remaining);

    public decimal Deferred => lots.Sum(lot => lot.ValueLeft);

    public void Grant(Grant grant, string pool, DateTimeOffset now)
    {
        lots.Add(new PlainLot
        {
            Pool = pool,
            Amount = grant.Amount,
            Remaining = grant.Amount,
            Value = grant.Value,
            Priority = grant.Priority,
            EffectiveAt = grant.EffectiveAt,
            ExpiresAt = grant.ExpiresAt,
            Id = grant.Id,
        });
        Settle(now);
    }

    public void Use(string id, string pool, decimal credits, DateTimeOffset now)
    {
        if (!seen.Add(id)) return;
        Settle(now);
        Consumed += credits;
        foreach (var lot in InOrder(pool, now).Concat(pool == "shared" ? [] : InOrder("shared", now)).ToArray())
        {
            var part = Math.Min(credits, lot.Remaining);
            Revenue += Take(lot, part);
            credits -= part;
        }

        Debt += credits;
    }

    /// <summary>Everything due up to now, instant by instant.</summary>
    public void Settle(DateTimeOffset now)
    {
        var instants = lots.Select(lot => lot.EffectiveAt).Concat(lots.Where(lot => lot.ExpiresAt is not null).Select(lot => lot.ExpiresAt!.Value));
        foreach (var instant in instants.Where(instant => instant <= now).Distinct().Order().Append(now).ToArray())
        {
            foreach (var lot in lots.Where(lot => lot.ExpiresAt <= instant && lot.Remaining > 0m).ToArray())
            {
                Expired += lot.Remaining;
                Breakage += Take(lot, lot.Remaining);
            }

            foreach (var lot in InOrder("shared", instant).ToArray())
            {
                var part = Math.Min(Debt, lot.Remaining);
                Revenue += Take(lot, part);
                Debt -= part;
            }
        }
    }

    private IEnumerable<PlainLot> InOrder(string pool, DateTimeOffset now) => lots
        .Where(lot => lot.Pool == pool && lot.Remaining > 0m && lot.EffectiveAt <= now && (lot.ExpiresAt is null || lot.ExpiresAt > now))
        .OrderBy(lot => lot.Priority).ThenBy(lot => lot.ExpiresAt ?? DateTimeOffset.MaxValue).ThenBy(lot => lot.Value / lot.Amount)
        .ThenBy(lot => lot.EffectiveAt).ThenBy(lot => lot.Id.ToString(), StringComparer.Ordinal);

    private static decimal Take(PlainLot lot, decimal credits)
    {
        var before = lot.ValueLeft;
        lot.Remaining -= credits;
        return before - lot.ValueLeft;
    }
}
