namespace Portal.Database.Tests.Properties;

/// <summary>A plan as one tenant has it.</summary>
internal sealed class PlainSubscription(PlainPlan plan, DateTimeOffset startsAt, TimeZoneInfo zone)
{
    public Guid Id { get; set; }

    public PlainPlan Plan => plan;

    public required string Exhaustion { get; set; }

    public required decimal? Cap { get; set; }

    public bool Ended { get; set; }

    public bool EndsWithPeriod { get; set; }

    /// <summary>Months that were granted before the one that runs.</summary>
    public int Month { get; set; }

    /// <summary>Credits sold beyond the grants in the period.</summary>
    public decimal Overage { get; set; }

    /// <summary>Money accrued in the period.</summary>
    public decimal Spend { get; set; }

    public DateTimeOffset PeriodStart => MonthStart(Month - (Month % plan.Months));

    public DateTimeOffset NextMonth => MonthStart(Month + 1);

    public DateTimeOffset MonthAfterNext => MonthStart(Month + 2);

    /// <summary>True when the month that runs is the last of its period.</summary>
    public bool InLastMonth => (Month + 1) % plan.Months == 0;

    /// <summary>The part of a period's share that its first months come to.</summary>
    public decimal ShareOf(int months) => Math.Round(plan.Share * months / plan.Steps, 9, MidpointRounding.AwayFromZero);

    private DateTimeOffset MonthStart(int month) => PlainCalendar.AddMonths(startsAt, month, zone);
}

/// <summary>Plans: credits that come every month, roll over, or expire.</summary>
internal sealed partial class PlainWallet
{
    /// <summary>The one that has not ended.</summary>
    public PlainSubscription? Subscription { get; private set; }

    /// <summary>The last one, ended or not.</summary>
    public PlainSubscription? LastSubscription { get; private set; }

    public string Subscribe(PlainPlan plan, string? exhaustion, decimal? cap, DateTimeOffset now)
    {
        if (exhaustion == "overage" && plan.Overage is null) return "overage_price_missing";
        if (Subscription is not null) return "subscription_exists";
        Subscription = LastSubscription = new PlainSubscription(plan, now, zone) { Exhaustion = exhaustion ?? "block", Cap = cap };
        GrantMonth(Subscription, now);
        SettleDebts(now);
        return "ok";
    }

    public string Change(PlainSubscription subscription, string? cancel, string? exhaustion, bool setsCap, decimal? cap)
    {
        if (subscription.Ended) return "subscription_cancelled";
        if (exhaustion == "overage" && subscription.Plan.Overage is null) return "overage_price_missing";
        subscription.Exhaustion = exhaustion ?? subscription.Exhaustion;
        if (setsCap) subscription.Cap = cap;
        if (cancel is not null) subscription.EndsWithPeriod = cancel == "period_end";
        if (cancel != "now") return "ok";
        var granted = subscription.ShareOf((subscription.Month % subscription.Plan.Months) + 1);
        Book(Currency, "deferred:fees", "customer_credit", subscription.Plan.Share - granted);
        End(subscription);
        return "ok";
    }

    private IEnumerable<DateTimeOffset> Renewals => Subscription is { } running ? [running.NextMonth] : [];

    /// <summary>The month that ends, before grants expire: its period is closed, and what is left rolls over.</summary>
    private void CloseMonth(DateTimeOffset instant)
    {
        if (Subscription is not { } running || running.NextMonth != instant) return;
        if (running.InLastMonth) (running.Overage, running.Spend) = (0m, 0m);
        if (running.InLastMonth && running.EndsWithPeriod) End(running);
        else if (running.Plan.Rollover is { } rule) RollOver(running, rule, instant);
    }

    /// <summary>The month that begins, after grants expired.</summary>
    private void OpenMonth(DateTimeOffset instant)
    {
        if (Subscription is not { } running || running.NextMonth != instant) return;
        running.Month++;
        GrantMonth(running, instant);
    }

    private void GrantMonth(PlainSubscription running, DateTimeOffset instant)
    {
        var done = running.Month % running.Plan.Months;
        var value = running.ShareOf(done + 1) - running.ShareOf(done);
        var grant = New(Shared, "plan", running.Plan.Credits, value, 50, products: null, instant, running.NextMonth);
        grant.Plan = running;
        Issue("issued", done == 0 ? "unbilled" : "deferred:fees", grant);
        if (done == 0) Book(Currency, "unbilled", "deferred:fees", running.Plan.Share - value);
    }

    /// <summary>rolled = min(max, max(left, min)); what exceeds it is trimmed from the oldest and expires.</summary>
    private void RollOver(PlainSubscription running, PlainRollover rule, DateTimeOffset instant)
    {
        bool Rolls(PlainGrant grant) => grant.Source == "plan" ? grant.ExpiresAt == instant : grant.Source == "rollover" && !(grant.RollCount >= rule.MaxRolls);
        var left = grants.Where(grant => grant.Plan == running && grant.Remaining > 0m && grant.EffectiveAt < instant && Rolls(grant))
            .OrderByDescending(grant => grant.RollCount).ThenBy(grant => grant.EffectiveAt).ThenBy(grant => grant.Id?.ToString() ?? "~", StringComparer.Ordinal).ToArray();
        var total = left.Sum(grant => grant.Remaining);
        var rolled = rule.Of(total, running.Plan.Credits);
        var trimmed = Math.Max(0m, total - rolled);
        foreach (var old in left)
        {
            old.Rolled = true;
            var trim = Math.Min(trimmed, old.Remaining);
            trimmed -= trim;
            if (old.Remaining > trim)
            {
                var credits = old.Remaining - trim;
                var roll = New(old.Pool, "rollover", credits, Take(old, credits), old.Priority, old.Products, instant, running.MonthAfterNext, old, old.RollCount + 1);
                roll.Plan = running;
                grants.Add(roll);
            }

            Expire(old);
        }

        if (rolled > total) Issue("issued", "deferred:credits", New(Shared, "promotion", rolled - total, 0m, 50, products: null, instant, running.MonthAfterNext));
    }

    private void End(PlainSubscription subscription)
    {
        subscription.Ended = true;
        Subscription = null;
    }
}
