namespace Portal.Domain.Wallet;

/// <summary>
/// What becomes of grants when credits go on being used at an even rate: drawn in burn order, lost where they expire, joined by those
/// that take effect. Products and pools are not told apart: whoever projects chooses the grants.
/// </summary>
public sealed class Projection
{
    private static readonly TimeSpan Horizon = TimeSpan.FromDays(3660);

    private readonly List<Lot> lots;
    private readonly DateTimeOffset start;
    private readonly decimal creditsPerDay;
    private decimal debt;

    private sealed class Lot(Grant grant)
    {
        public decimal Left { get; set; } = grant.Remaining;

        public DateTimeOffset EffectiveAt => grant.EffectiveAt;

        public DateTimeOffset ExpiresAt => grant.ExpiresAt ?? DateTimeOffset.MaxValue;

        public bool IsLive(DateTimeOffset at) => Left > 0m && EffectiveAt <= at && ExpiresAt > at;
    }

    private Projection(IEnumerable<Grant> grants, decimal debt, DateTimeOffset now, decimal creditsPerDay)
    {
        lots = [.. grants.Order(BurnOrder.Instance).Select(grant => new Lot(grant))];
        (start, this.debt, this.creditsPerDay) = (now, debt, creditsPerDay);
    }

    /// <summary>
    /// When nothing spendable is left for the first time; <paramref name="now"/> when nothing is, null when that is more than ten
    /// years away or nothing is used.
    /// </summary>
    public static DateTimeOffset? RunsOutAt(IEnumerable<Grant> grants, decimal debt, DateTimeOffset now, decimal creditsPerDay)
    {
        if (creditsPerDay <= 0m) return null;
        var projection = new Projection(grants, debt, now, creditsPerDay);
        var at = now;
        foreach (var next in projection.Turns(now + Horizon))
        {
            if (projection.Step(at, next) is { } empty) return empty;
            at = next;
        }

        return projection.Spendable(at) <= 0m ? at : null;
    }

    /// <summary>The balance at each of <paramref name="instants"/> (ascending, from now on), never below 0.</summary>
    public static IReadOnlyList<decimal> BalancesAt(
        IEnumerable<Grant> grants, decimal debt, DateTimeOffset now, decimal creditsPerDay, IReadOnlyList<DateTimeOffset> instants)
    {
        ArgumentNullException.ThrowIfNull(instants);
        var projection = new Projection(grants, debt, now, creditsPerDay);
        var balances = new List<decimal>(instants.Count);
        var at = now;
        foreach (var instant in instants)
        {
            foreach (var next in projection.Turns(instant).Where(turn => turn > at).ToArray())
            {
                projection.Step(at, next);
                at = next;
            }

            balances.Add(projection.Spendable(at));
        }

        return balances;
    }

    // Where something takes effect or expires before the end, and the end itself.
    private IEnumerable<DateTimeOffset> Turns(DateTimeOffset end) => lots
        .SelectMany(lot => new[] { lot.EffectiveAt, lot.ExpiresAt })
        .Where(turn => turn > start && turn < end)
        .Append(end)
        .Distinct()
        .Order();

    private decimal Spendable(DateTimeOffset at) => Math.Max(0m, lots.Where(lot => lot.IsLive(at)).Sum(lot => lot.Left) - debt);

    /// <summary>Uses credits from one instant to another between which nothing takes effect or expires; answers when they ran out.</summary>
    private DateTimeOffset? Step(DateTimeOffset at, DateTimeOffset next)
    {
        debt -= Draw(at, debt);
        var spendable = Spendable(at);
        if (spendable <= 0m) return at;
        var wanted = creditsPerDay * ((decimal)(next - at).Ticks / TimeSpan.TicksPerDay);
        if (Draw(at, wanted) == wanted) return null;
        return at + TimeSpan.FromTicks((long)Math.Floor(spendable / creditsPerDay * TimeSpan.TicksPerDay));
    }

    private decimal Draw(DateTimeOffset at, decimal credits)
    {
        var left = credits;
        foreach (var lot in lots.Where(lot => lot.IsLive(at)))
        {
            var part = Math.Min(lot.Left, left);
            lot.Left -= part;
            left -= part;
            if (left == 0m) break;
        }

        return credits - left;
    }
}
