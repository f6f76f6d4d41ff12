using System.Text.Json;
using Npgsql;
using Portal.Domain.Catalog;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Ledger;
using Portal.Domain.Subscriptions.Contracts;
using Portal.Domain.Wallet;

namespace Portal.Domain.Subscriptions;

/// <summary>
/// What one subscription makes fall due: its periods end and begin, its credits roll over and are granted. Decided in memory; grants and
/// postings are written with the wallet, the subscription's row by <see cref="WriteAsync"/>.
/// </summary>
internal sealed partial class Renewal(Settling settling, Subscription subscription, Plan sold, Plan? next, Fees fees, NetPrices prices) : IRenewal
{
    private sealed record ClosedPeriod(SubscriptionPeriod Period, DateTimeOffset EndsAt, decimal Overage, decimal OverageAmount, decimal Spend);

    private Plan listed = sold;
    private Plan plan = sold.Net(subscription.TaxPercent); // as it is charged in the period that runs
    private PlanCalendar calendar = new(subscription, sold);
    private readonly List<ClosedPeriod> closed = [];
    private SubscriptionPeriod? ending;
    private bool changed;

    /// <summary>The plan as it stands, with the prices that it lists.</summary>
    public Plan Plan => listed;

    /// <summary>The subscription as it stands.</summary>
    public Subscription Subscription { get; private set; } = subscription;

    /// <inheritdoc />
    public DateTimeOffset? NextAt => Subscription.State == SubscriptionState.Cancelled
        ? null
        : Instants().Where(instant => Subscription.SettledUntil is not { } done || instant > done).Select(instant => (DateTimeOffset?)instant).Min();

    /// <inheritdoc />
    public async Task CloseAsync(DateTimeOffset at, CancellationToken cancellationToken)
    {
        ending = null;
        fees.Recognise(at, Subscription.Currency);
        if (Subscription.Period is { } period && period.EndsAt == at)
        {
            await TopUpAsync(period, at, cancellationToken);
            End(period, at);
        }

        if (Subscription.CancelAt <= at)
        {
            Become(Subscription with { State = SubscriptionState.Cancelled, CancelledAt = Subscription.CancelAt });
            if (ending is not null) settling.Wallet.Bill(at, plan.HasArrears); // what was used last
        }
        else if (ending is not null && Subscription.PauseAt <= at) PauseNow(at);

        if (ending is not null) await ContractClosing.RunAsync(settling, Subscription, at, cancellationToken);
    }

    /// <inheritdoc />
    public void Roll(DateTimeOffset at)
    {
        if (Subscription.State is SubscriptionState.Cancelled or SubscriptionState.Paused) return;
        foreach (var item in plan.Included)
        {
            if (item.Rollover is null || RenewalOf(item, at) is not var (included, next)) continue;
            var expiresAt = item.Rollover.ExpiresAfter?.AddTo(at, settling.Directory.Zone) ?? next;
            RollingOver.Run(settling, Reference(item), item.Rollover, included, at, expiresAt);
        }
    }

    /// <inheritdoc />
    public void Grant(DateTimeOffset at)
    {
        if (Subscription.State == SubscriptionState.Cancelled) return;
        if (Subscription.TrialUntil is { } trial && at == Subscription.StartsAt) GrantTrial(at, trial);
        else if (Subscription.State == SubscriptionState.Paused) ending = null;
        else if (at == Subscription.BillingStartsAt) Open(0, at);
        else if (ending is { } ended) Renew(ended.Number + 1, at);
        else if (Subscription.Period is { } period) GrantLater(period, at);
        Become(Subscription with { SettledUntil = at });
    }

    /// <summary>
    /// Ends the subscription before its time: fees that were not earned and what was paid for grants to come are the customer's, credits stay
    /// until they expire, and all that is open is billed at once.
    /// </summary>
    public async Task CancelAsync(DateTimeOffset at, CancellationToken cancellationToken)
    {
        if (Subscription.Period is { } period)
        {
            await CutAsync(period, "cancellation", at, cancellationToken);
            settling.Wallet.Bill(at, plan.HasArrears);
        }

        Become(Subscription with { State = SubscriptionState.Cancelled, CancelAt = at, CancelledAt = at });
        await ContractClosing.RunAsync(settling, Subscription, at, cancellationToken);
    }

    /// <inheritdoc />
    public async Task WriteAsync(CancellationToken cancellationToken)
    {
        if (!changed) return;
        const string update = """
            update subscriptions set state = $3, period_number = $4, period_starts_at = $5, period_ends_at = $6, period_zone = $7,
              settled_until = $8, cancel_at = $9, cancelled_at = $10, plan = $11, plan_version = $12, overage_price = $13::json, exhaustion = $14, quantities = $15::json,
              anchor_day = $16, calendar_starts_at = $17, calendar_number = $18, next_plan = $19, next_plan_version = $20, pause_at = $21, overage_meters = $22::json, tax_percent = $23
            where tenant_id = $1 and id = $2
            """;
        const string close = """
            insert into subscription_periods (tenant_id, subscription_id, number, starts_at, ends_at, overage, overage_amount, spend, closed_at)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            """;
        var (now, period) = (Subscription, Subscription.Period);
        await using var batch = new NpgsqlBatch(settling.Connection, settling.Transaction);
        batch.Add(update, now.TenantId, now.Id, now.State, period?.Number, period?.StartsAt, period?.EndsAt, period?.Zone, now.SettledUntil, now.CancelAt, now.CancelledAt,
            now.Plan, now.PlanVersion, Subscribing.OverageOf(plan), now.Exhaustion, JsonSerializer.Serialize(now.Quantities, PortalJson.Options), (short)now.AnchorDay, now.CalendarStartsAt,
            now.CalendarNumber, now.Next?.Key, now.Next?.Version, now.PauseAt, Subscribing.OverageMetersOf(plan), now.TaxPercent);
        AddTerms(batch);
        foreach (var row in closed)
        {
            batch.Add(close, now.TenantId, now.Id, row.Period.Number, row.Period.StartsAt, row.EndsAt, row.Overage, row.OverageAmount, row.Spend,
                settling.Wallet.Now);
        }

        // Usage of a period that was cut short is due as it ends.
        foreach (var row in closed)
        {
            batch.Add("update charges set period_ends_at = $3 where tenant_id = $1 and period_starts_at = $2 and not advance and invoice_id is null and period_ends_at > $3",
                now.TenantId, row.Period.StartsAt, row.EndsAt);
        }

        fees.AddTo(batch);
        await batch.ExecuteNonQueryAsync(cancellationToken);
        closed.Clear();
        changed = false;
    }

    private IEnumerable<DateTimeOffset> Instants()
    {
        if (fees.NextAfter(Subscription.SettledUntil ?? Subscription.StartsAt) is { } day) yield return day;
        yield return Subscription.StartsAt;
        yield return Subscription.BillingStartsAt;
        if (Subscription.CancelAt is { } end) yield return end;
        if (Subscription.Period is not { } period) yield break;
        yield return period.EndsAt;
        foreach (var instant in plan.Included.SelectMany(item => calendar.Steps(item, period))) yield return instant;
    }

    private void End(SubscriptionPeriod period, DateTimeOffset at)
    {
        var counters = settling.Wallet.Period;
        var amount = plan.Overage?.Of(counters) ?? 0m;
        if (at > period.StartsAt) closed.Add(new ClosedPeriod(period, at, counters.Overage, amount, counters.Spend));
        settling.Wallet.Period = PeriodCounters.None;
        ending = period;
        Become(Subscription with { Period = null });
    }

    private void Open(int number, DateTimeOffset at)
    {
        var zone = settling.Directory.Zone;
        var period = new SubscriptionPeriod(number, at, calendar.Begin(number + 1, zone), zone.Id);
        settling.Wallet.Period = new PeriodCounters(at, period.EndsAt, 0m, 0m);
        Net(prices.PercentAt(listed, at));
        var state = Subscription.State is SubscriptionState.PastDue or SubscriptionState.Suspended ? Subscription.State : SubscriptionState.Active;
        Become(Subscription with { State = state, Period = period });
        var due = PlanFees.Of(plan, Subscription, calendar, period).ToLookup(fee => fee.Kind == ChargeKind.IncludedCredits);
        foreach (var item in plan.Included)
        {
            var steps = calendar.Steps(item, period);
            var fee = due[true].FirstOrDefault(fee => fee.Item == item.Key);
            var now = Part(fee?.Net ?? 0m, 1, steps.Count);
            var posting = Issue(item, calendar.Credits(item, period), now, at, steps.Count > 1 ? steps[1] : period.EndsAt);
            if (fee is null) continue;
            fees.Discount(item.Key, period, fee.Discount);
            settling.Wallet.Accrue(posting, ChargeOf(fee, period), fee.Quantity, now, Account.DeferredCredits, Subscription.Currency);
            settling.Wallet.Accrue(posting, ChargeOf(fee, period), 0m, fee.Amount - now, Account.DeferredFees, Subscription.Currency);
            TakeOff(posting, fee, ChargeKind.CouponOnCredits, period);
        }

        Commit(at);
        LedgerTransaction? booked = null;
        foreach (var fee in due[false])
        {
            booked ??= settling.Begin("fees", at, Key("fees", Subscription.PublicId, at), Subscription.PublicId);
            settling.Wallet.Accrue(booked, ChargeOf(fee, period), fee.Quantity, fee.Amount, Account.DeferredFees, Subscription.Currency);
            TakeOff(booked, fee, ChargeKind.CouponOnFee, period);
            fees.Earn(ChargeOf(fee, period), fee.Net);
        }

        settling.Wallet.Bill(at, afterUsage: ending is not null && plan.HasArrears);
    }

    // A commit that is paid in advance buys credits, drawn before all others, until its period ends.
    private void Commit(DateTimeOffset at)
    {
        if (Contract.Of(Subscription) is not { Definition.Commit: { InAdvance: true } commit } contract) return;
        if (contract.CommitPeriods(at.AddTicks(1)).LastOrDefault() is not { } period || period.StartsAt != at) return;
        var amount = contract.CommittedIn(period);
        var credits = Nine(amount / commit.CreditPrice!.Value);
        var posting = settling.Begin("plan_grant", at, Key("commit", Subscription.PublicId, at), Subscription.PublicId);
        var grant = PlanGrants.New(settling.Wallet, Subscription.Currency, $"{Subscription.PublicId}/commit", credits, amount, at, period.EndsAt, GrantSource.Commit);
        settling.Wallet.Add(grant);
        posting.MoveCredits(Account.Issued, fromGrant: null, Account.Pool(settling.Directory.PoolsById[Pool.SharedId].Key), grant.Id, credits);
        var charge = new Charge(ChargeKind.Commit, "commit", period.StartsAt, period.EndsAt, Advance: true, Detail: Fees.Detail("Committed spend", commit.CreditPrice));
        settling.Wallet.Accrue(posting, charge, credits, amount, Account.DeferredCredits, Subscription.Currency);
    }

    private void GrantLater(SubscriptionPeriod period, DateTimeOffset at)
    {
        foreach (var item in plan.Included)
        {
            var steps = calendar.Steps(item, period);
            var step = steps.IndexOf(at);
            if (step < 1) continue;
            var share = Share(item, period);
            var now = Part(share, step + 1, steps.Count) - Part(share, step, steps.Count);
            Issue(item, item.Credits, now, at, step + 1 < steps.Count ? steps[step + 1] : period.EndsAt)
                .Book(Account.DeferredFees, Account.DeferredCredits, now, Subscription.Currency);
        }
    }

    private void GrantTrial(DateTimeOffset at, DateTimeOffset until)
    {
        Become(Subscription with { State = SubscriptionState.Trialing });
        foreach (var item in plan.Included) Issue(item, item.Credits, 0m, at, until);
    }

    private LedgerTransaction Issue(IncludedCredits item, decimal credits, decimal value, DateTimeOffset at, DateTimeOffset expiresAt)
    {
        var posting = settling.Begin("plan_grant", at, Key("plan_grant", item, at), Subscription.PublicId);
        var pool = settling.Directory.PoolsById[Pool.SharedId];
        var grant = PlanGrants.New(settling.Wallet, Subscription.Currency, Reference(item), credits, value, at, expiresAt);
        settling.Wallet.Add(grant);
        posting.MoveCredits(Account.Issued, fromGrant: null, Account.Pool(pool.Key), grant.Id, credits);
        return posting;
    }

    // What was included in the step that ends at that instant, and the end of the one that follows; null when none ends.
    private (decimal Included, DateTimeOffset Next)? RenewalOf(IncludedCredits item, DateTimeOffset at)
    {
        if (ending is { } ended)
        {
            var zone = settling.Directory.Zone;
            var following = new SubscriptionPeriod(ended.Number + 1, at, calendar.Begin(ended.Number + 2, zone), zone.Id);
            var next = calendar.Steps(item, following);
            return (calendar.Credits(item, ended), next.Count > 1 ? next[1] : following.EndsAt);
        }

        if (Subscription.Period is not { } period) return null;
        var steps = calendar.Steps(item, period);
        var step = steps.IndexOf(at);
        return step < 1 ? null : (item.Credits, step + 1 < steps.Count ? steps[step + 1] : period.EndsAt);
    }

    // What the running period's credits of an item were sold for.
    private decimal Share(IncludedCredits item, SubscriptionPeriod period) => calendar.Share(item, period) - fees.DiscountOf(item.Key, period);

    private decimal SharesGranted(IncludedCredits item, SubscriptionPeriod period)
    {
        var steps = calendar.Steps(item, period);
        return Part(Share(item, period), steps.Count(step => step <= Subscription.SettledUntil), steps.Count);
    }

    private string Reference(IncludedCredits item) => PlanGrants.Reference(Subscription, item.Key);

    private static string Key(string kind, string subject, DateTimeOffset at) =>
        string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{kind}:{subject}:{at.UtcTicks}");

    private string Key(string kind, IncludedCredits item, DateTimeOffset at) => Key(kind, Reference(item), at);

    // The first so many of equal parts; by difference, so that all of them are the whole.
    private static decimal Part(decimal whole, int parts, int of) => Math.Round(whole * parts / of, 9, MidpointRounding.AwayFromZero);

    private void Become(Subscription now)
    {
        Subscription = now;
        changed = true;
    }
}
