namespace Portal.Database.Tests.Properties;

/// <summary>A plan as one tenant has it: after a trial, if any, months that are counted from the day on which billing starts.</summary>
internal sealed class PlainSubscription(PlainPlan plan, DateTimeOffset? trialUntil, PlainMonths months)
{
    public Guid Id { get; set; }

    public PlainPlan Plan => plan;

    public required string Exhaustion { get; set; }

    public required decimal? Cap { get; set; }

    public bool Ended { get; set; }

    public bool EndsWithPeriod { get; set; }

    /// <summary>The month that runs; -1 in a trial.</summary>
    public int Month { get; set; } = trialUntil is null ? 0 : -1;

    public bool InTrial => Month < 0;

    /// <summary>Credits sold beyond the grants in the period.</summary>
    public decimal Overage { get; set; }

    /// <summary>Money accrued in the period.</summary>
    public decimal Spend { get; set; }

    public DateTimeOffset? TrialUntil => trialUntil;

    public DateTimeOffset PeriodStart => months.Begin(Month - MonthOfPeriod);

    public DateTimeOffset NextMonth => months.Begin(Month + 1);

    /// <summary>How many months of the period ended before the one that runs.</summary>
    public int MonthOfPeriod => InShortPeriod ? 0 : (Month - (months.FirstIsShort ? 1 : 0)) % plan.Months;

    /// <summary>True when the month that runs is the last of its period.</summary>
    public bool InLastMonth => !InTrial && (InShortPeriod || MonthOfPeriod == plan.Months - 1);

    private bool InShortPeriod => months.FirstIsShort && Month == 0;

    /// <summary>True when an item's credits come in the month that runs.</summary>
    public bool Comes(PlainItem item) => MonthOfPeriod % item.Every == 0;

    /// <summary>True when the month that runs is the last that the item's latest credits are for.</summary>
    public bool Renews(PlainItem item) => !InTrial && (InShortPeriod || MonthOfPeriod % item.Every == item.Every - 1);

    /// <summary>When the item's credits that come after so many months expire: when the next do.</summary>
    public DateTimeOffset ExpiryOf(PlainItem item, int after) => months.Begin(Month + after + (InShortPeriod && after == 0 ? 1 : item.Every));

    /// <summary>The item's credits each time of the period that runs: in proportion when it is short.</summary>
    public decimal CreditsOf(PlainItem item) => InShortPeriod ? months.Proportion(item.Credits, item.Every) : item.Credits;

    /// <summary>The part of the period's share that its first months come to.</summary>
    public decimal ShareOf(PlainItem item, int upTo)
    {
        var whole = InShortPeriod ? months.Proportion(item.Share, plan.Months) : item.Share;
        var times = (upTo + item.Every - 1) / item.Every;
        return InShortPeriod ? upTo == 0 ? 0m : whole : Math.Round(whole * times * item.Every / plan.Months, 9, MidpointRounding.AwayFromZero);
    }

    /// <summary>The period's share.</summary>
    public decimal ShareOf(PlainItem item) => ShareOf(item, plan.Months);
}

/// <summary>Plans: credits that come every so many months, roll over, or expire.</summary>
internal sealed partial class PlainWallet
{
    /// <summary>The one that has not ended.</summary>
    public PlainSubscription? Subscription { get; private set; }

    /// <summary>The last one, ended or not.</summary>
    public PlainSubscription? LastSubscription { get; private set; }

    public string Subscribe(PlainPlan plan, string? exhaustion, decimal? cap, int? anchorDay, DateTimeOffset? trialUntil, DateTimeOffset now)
    {
        if (exhaustion == "overage" && plan.Overage is null) return "overage_price_missing";
        if (Subscription is not null) return "subscription_exists";
        var months = new PlainMonths(trialUntil ?? now, anchorDay, zone);
        Subscription = LastSubscription = new PlainSubscription(plan, trialUntil, months) { Exhaustion = exhaustion ?? "block", Cap = cap };
        foreach (var item in plan.Items)
        {
            if (trialUntil is null) GrantItem(Subscription, item, now);
            else Issue("issued", "unbilled", OfPlan(Subscription, item, item.Credits, value: 0m, now, trialUntil.Value));
        }

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
        foreach (var item in subscription.InTrial ? [] : subscription.Plan.Items)
            Book(Currency, "deferred:fees", "unbilled", subscription.ShareOf(item) - subscription.ShareOf(item, subscription.MonthOfPeriod + 1));
        End(subscription);
        return "ok";
    }

    private IEnumerable<DateTimeOffset> Renewals => Subscription is { } running ? [running.NextMonth] : [];

    /// <summary>The month (or trial) that ends, before grants expire: its period is closed, and what is left rolls over.</summary>
    private void CloseMonth(DateTimeOffset instant)
    {
        if (Subscription is not { } running || running.NextMonth != instant) return;
        if (running.InLastMonth) (running.Overage, running.Spend) = (0m, 0m);
        if ((running.InLastMonth || running.InTrial) && running.EndsWithPeriod) End(running);
        else foreach (var item in running.Plan.Items.Where(item => item.Rollover is not null && running.Renews(item))) RollOver(running, item, item.Rollover!, instant);
    }

    /// <summary>The month that begins, after grants expired.</summary>
    private void OpenMonth(DateTimeOffset instant)
    {
        if (Subscription is not { } running || running.NextMonth != instant) return;
        running.Month++;
        foreach (var item in running.Plan.Items.Where(running.Comes)) GrantItem(running, item, instant);
    }

    private void GrantItem(PlainSubscription running, PlainItem item, DateTimeOffset instant)
    {
        var done = running.MonthOfPeriod;
        var value = running.ShareOf(item, done + 1) - running.ShareOf(item, done);
        Issue("issued", done == 0 ? "unbilled" : "deferred:fees", OfPlan(running, item, running.CreditsOf(item), value, instant, running.ExpiryOf(item, after: 0)));
        if (done == 0) Book(Currency, "unbilled", "deferred:fees", running.ShareOf(item) - value);
    }

    private static PlainGrant OfPlan(PlainSubscription running, PlainItem item, decimal credits, decimal value, DateTimeOffset from, DateTimeOffset until)
    {
        var grant = New(Shared, "plan", credits, value, 50, products: null, from, until);
        grant.Plan = (running, item);
        return grant;
    }

    /// <summary>rolled = min(max, max(left, min)); what exceeds it is trimmed from the oldest and expires.</summary>
    private void RollOver(PlainSubscription running, PlainItem item, PlainRollover rule, DateTimeOffset instant)
    {
        bool Rolls(PlainGrant grant) => grant.Source == "plan" ? grant.ExpiresAt == instant : grant.Source == "rollover" && !(grant.RollCount >= rule.MaxRolls);
        var left = grants.Where(grant => grant.Plan == (running, item) && grant.Remaining > 0m && grant.EffectiveAt < instant && Rolls(grant))
            .OrderByDescending(grant => grant.RollCount).ThenBy(grant => grant.EffectiveAt).ThenBy(grant => grant.Id?.ToString() ?? "~", StringComparer.Ordinal).ToArray();
        var total = left.Sum(grant => grant.Remaining);
        var rolled = rule.Of(total, running.CreditsOf(item));
        var until = rule.Lasts is var (months, days) ? PlainCalendar.Add(instant, months, days, zone) : running.ExpiryOf(item, after: 1);
        var trimmed = Math.Max(0m, total - rolled);
        foreach (var old in left)
        {
            old.Rolled = true;
            var trim = Math.Min(trimmed, old.Remaining);
            trimmed -= trim;
            if (old.Remaining > trim)
            {
                var credits = old.Remaining - trim;
                var roll = New(old.Pool, "rollover", credits, Take(old, credits), old.Priority, old.Products, instant, until, old, old.RollCount + 1);
                roll.Plan = old.Plan;
                grants.Add(roll);
            }

            Expire(old);
        }

        if (rolled > total) Issue("issued", "deferred:credits", New(Shared, "promotion", rolled - total, 0m, 50, products: null, instant, until));
    }

    private void End(PlainSubscription subscription)
    {
        subscription.Ended = true;
        Subscription = null;
    }
}
