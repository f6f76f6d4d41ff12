using Portal.Domain.Kernel;

namespace Portal.Domain.Wallet;

/// <summary>
/// The limits that a hold has to pass, in the order in which they are asked: the tenant's state, the credits, the allowance, the spend cap.
/// </summary>
/// <param name="wallet">The wallet, locked.</param>
/// <param name="pool">The pool that it names.</param>
/// <param name="consumer">Whose allowance counts; null: none.</param>
/// <param name="product">Its product; null: unrestricted grants alone serve it.</param>
/// <param name="asked">Its credits, and what a meter would measure for them.</param>
/// <param name="money">Money that the work would accrue besides.</param>
/// <param name="except">A hold that is left out: the one that is about to change.</param>
internal sealed class HoldLimits(WalletTransaction wallet, Pool pool, Consumer? consumer, string? product, Overdraw asked, decimal money, Guid? except)
{
    // What more credits would cost is not asked: the greatest prices would leave the range of money.
    private const decimal Foreseeable = 1_000_000_000_000_000m;

    private readonly decimal credits = asked.Credits;

    /// <summary>The first limit that refuses, or null. Nothing is taken by asking; a zero hold passes all but a suspension.</summary>
    public async Task<Problem?> CheckAsync(CancellationToken cancellationToken)
    {
        if (wallet.Directory.Suspended) return Problem.Forbidden("tenant_suspended", "The tenant is suspended: usage is recorded, holds are refused.");
        if (credits == 0m && money == 0m) return null;
        var open = await OpenHolds.ReadAsync(wallet, except, cancellationToken);
        if (open.Groups.Sum(group => group.Credits) + credits > Credits.Limit)
            return Problem.Field("credits", "invalid_credits", "All open holds together would leave the range of credits.");
        var cover = CoverOf(pool, product, open);
        return await CheckCreditsAsync(open, cover, cancellationToken)
            ?? await CheckAllowanceAsync(cancellationToken)
            ?? await CheckSpendAsync(open, cover, cancellationToken);
    }

    // Credits beyond the grants are sold on the shared pool alone: a pool that denies overflow refuses beyond its own.
    private bool MayBeSold => wallet.Wallet.Overage is { } terms && terms.Sells(asked.Meter) && HoldCover.ReachesShared(pool);

    private HoldCover CoverOf(Pool of, string? forProduct, OpenHolds open) =>
        HoldCover.Of(of, forProduct, open.Demands, wallet.Wallet.Grants, wallet.Directory.PoolsById, wallet.Now);

    private async Task<Problem?> CheckCreditsAsync(OpenHolds open, HoldCover cover, CancellationToken cancellationToken)
    {
        if (credits == 0m || credits <= cover.Available || MayBeSold) return null;
        var rivals = Rivals(open);
        var renewal = HoldCover.ReachesShared(pool) ? await NextRenewal.FindAsync(wallet, cancellationToken) : null; // plans grant to the shared pool
        var limit = new CreditsLimit("credits", pool.Key, product, rivals.Sum(group => group.Credits), Earliest([.. rivals.Select(group => group.CreditsFreeAt), GrantToCome(), renewal?.GrantsAt]));
        return Refuse("insufficient_credits", $"The pool '{pool.Key}' has {Text(cover.Available)} credits available, {Text(credits)} are asked for.", limit, cover.Available);
    }

    private async Task<Problem?> CheckAllowanceAsync(CancellationToken cancellationToken)
    {
        if (consumer is null || wallet.Directory.AllowanceOf(consumer.Id, pool.Id) is not { IsHard: true } allowance || credits == 0m) return null;
        var (held, freesAt) = await OpenHolds.OfConsumerAsync(wallet, consumer.Id, pool.Id, except, cancellationToken);
        var used = await AllowanceCounters.UsedAsync(wallet, allowance, cancellationToken);
        var available = Math.Max(0m, allowance.Credits - used - held);
        if (credits <= available) return null;
        var limit = new AllowanceLimit(
            "allowance", consumer.Key, pool.Key, allowance.Period, allowance.Credits, used, held,
            Earliest([freesAt, AllowancePeriod.EndOf(allowance.Period, wallet.Directory.Zone, wallet.Now)]));
        return Refuse(
            "allowance_exceeded", $"The allowance of '{consumer.Key}' has {Text(available)} credits left this {allowance.Period}, {Text(credits)} are asked for.",
            limit, available);
    }

    /// <summary>Spend of the period with all that open holds and this one would add, against the cap.</summary>
    private async Task<Problem?> CheckSpendAsync(OpenHolds open, HoldCover cover, CancellationToken cancellationToken)
    {
        if (wallet.Wallet.Overage is not { SpendCap: { } cap } terms) return null;
        var shared = MayBeSold ? cover : CoverOf(wallet.Directory.PoolsById[Pool.SharedId], null, open);
        var (sold, free) = MayBeSold ? (Math.Min(credits, Foreseeable), cover.Free) : (0m, 0m);
        if (money == 0m && sold <= free) return null; // adds nothing to the spend
        var period = wallet.Wallet.Period;
        var foreseen = period with { Spend = period.Spend + open.Money + money };
        var overage = new ForeseenOverage(terms, foreseen, [asked, .. open.Groups.Select(group => new Overdraw(group.Meter, group.Credits, group.Quantity))]);
        if (foreseen.Spend + overage.Cost(shared.Beyond(sold)) <= cap) return null;

        var available = !MayBeSold || (money > 0m && foreseen.Spend > cap) ? 0m : Math.Max(0m, overage.Sellable(shared.Uncovered + sold) - shared.Uncovered) + free;
        var rivals = Rivals(open);
        var renewal = await NextRenewal.FindAsync(wallet, cancellationToken);
        var held = open.Money + overage.Cost(shared.Uncovered);
        var limit = new SpendCapLimit(
            "spend_cap", cap, period.Spend, held, terms.Currency,
            Earliest([.. rivals.Select(group => group.CreditsFreeAt), .. open.Groups.Select(group => group.MoneyFreesAt), GrantToCome(), renewal?.PeriodEndsAt]));
        return Refuse("spend_cap_reached", $"The spend cap of {Text(cap)} {terms.Currency} a period leaves room for {Text(Math.Min(credits, available))} credits, {Text(credits)} are asked for.",
            limit, Math.Min(credits, available));
    }

    private OpenHoldGroup[] Rivals(OpenHolds open) =>
        [.. open.Groups.Where(group => HoldCover.Competes(pool, wallet.Directory.PoolsById[group.PoolId]))];

    private DateTimeOffset? GrantToCome() => wallet.Wallet.Grants
        .Where(grant => grant.EffectiveAt > wallet.Now && grant.CanServe(product, grant.EffectiveAt))
        .Where(grant => grant.PoolId == pool.Id || (grant.PoolId == Pool.SharedId && HoldCover.ReachesShared(pool)))
        .Min(grant => (DateTimeOffset?)grant.EffectiveAt);

    private Problem Refuse(string code, string detail, object limit, decimal available) =>
        new(ProblemKind.PaymentRequired, code, detail, Extensions: new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            ["limit"] = limit,
            ["requested"] = credits,
            ["available"] = available,
        });

    private static DateTimeOffset? Earliest(IReadOnlyList<DateTimeOffset?> instants) => instants.Min();

    private static string Text(decimal amount) => amount.ToString("0.#########", System.Globalization.CultureInfo.InvariantCulture);
}
