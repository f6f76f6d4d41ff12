using Npgsql;
using Portal.Domain.Catalog;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Ledger;
using Portal.Domain.Wallet;

namespace Portal.Domain.Subscriptions;

/// <summary>Another plan, or other seats, while a period runs (domain.md §8): by the time that is left of it, to the second.</summary>
internal sealed partial class Renewal
{
    private readonly List<(DateTimeOffset Since, Plan Plan)> newTerms = [];

    /// <summary>
    /// Takes another plan of the same length at once: fees without the shares are credited and charged by the time that is left; included credits
    /// are never taken back, the difference is sold.
    /// </summary>
    public void Upgrade(Plan another, DateTimeOffset at)
    {
        fees.Recognise(at, Subscription.Currency);
        var (before, period) = (plan, Subscription.Period);
        if (period is not null)
        {
            var posting = settling.Begin("plan_change", at, Key("plan_change", Subscription.PublicId, at), Subscription.PublicId);
            foreach (var (item, unearned) in fees.Cut(at)) Credit(posting, item, unearned, period, at);
            Use(another, at);
            var left = Left(period, at);
            foreach (var fee in PlanFees.Of(plan, Subscription, calendar, period).Where(fee => fee.Kind != ChargeKind.IncludedCredits))
                fees.Charge(posting, RestOf(fee.Item, period, at, fee.UnitAmount), fee.Quantity, Nine(fee.Net * left), Subscription.Currency);
            SellDifference(before, period, left, at);
            settling.Wallet.Bill(at, afterUsage: false);
            return;
        }

        Use(another, at);
    }

    /// <summary>Takes another plan at once and begins a period with it: what the old one left unearned is given back.</summary>
    public async Task RestartAsync(Plan another, DateTimeOffset at, CancellationToken cancellationToken)
    {
        var number = 0;
        if (Subscription.Period is { } period)
        {
            number = period.Number + 1;
            await CutAsync(period, "plan_change", at, cancellationToken);
        }

        Become(Subscription.From(at, number) with { AnchorDay = BillingPeriods.DayOf(at, settling.Directory.Zone) });
        Use(another, at);
        Open(number, at);
        Become(Subscription with { SettledUntil = at });
        ending = null;
    }

    /// <summary>Has these seats of the plan that it is about to take.</summary>
    public void Keep(IReadOnlyDictionary<string, decimal> quantities) => Become(Subscription with { Quantities = quantities });

    /// <summary>Takes another plan when the period ends; null takes that back.</summary>
    public void Downgrade(Plan? another) => Become(Subscription with { Next = another is null ? null : (another.Key, another.Version) });

    /// <summary>Has other seats at once: more are charged for the time that is left, fewer are credited on the next invoice.</summary>
    public void Seat(IReadOnlyDictionary<string, decimal> quantities, DateTimeOffset at)
    {
        fees.Recognise(at, Subscription.Currency);
        var before = Subscription.Quantities;
        Become(Subscription with { Quantities = quantities });
        if (Subscription.Period is not { } period) return;
        foreach (var seat in plan.Seats)
        {
            var (had, has) = (Math.Max(0m, before.GetValueOrDefault(seat.Key) - seat.Included), Math.Max(0m, quantities.GetValueOrDefault(seat.Key) - seat.Included));
            if (had == has) continue;
            var posting = settling.Begin("seats", at, Key("seats:" + seat.Key, Subscription.PublicId, at), Subscription.PublicId);
            var unearned = fees.Cut(at, seat.Key).Sum(part => part.Unearned);
            var charge = RestOf(seat.Key, period, at, seat.Amount);
            var fee = PlanFees.Of(plan, Subscription, calendar, period).FirstOrDefault(fee => fee.Item == seat.Key);
            var rest = Nine((fee?.Net ?? 0m) * Left(period, at));
            settling.Wallet.Accrue(posting, charge, has - had, rest - unearned, Account.DeferredFees, Subscription.Currency);
            fees.Earn(charge, rest);
            if (rest > unearned) settling.Wallet.Bill(at, afterUsage: false);
        }
    }

    // Ends a period before its time: what is not earned of its fees and of credits to come is given back.
    private async Task CutAsync(SubscriptionPeriod period, string kind, DateTimeOffset at, CancellationToken cancellationToken)
    {
        fees.Recognise(at, Subscription.Currency);
        var unearned = fees.Cut(at).Concat(plan.Included.Select(item => (Item: item.Key, Unearned: Share(item, period) - SharesGranted(item, period))));
        var posting = settling.Begin(kind, at, Key(kind, Subscription.PublicId, at), Subscription.PublicId);
        foreach (var (item, amount) in unearned) Credit(posting, item, amount, period, at);
        await TopUpAsync(period, at, cancellationToken);
        End(period, at);
    }

    // What all charges of the period come to, written or not, may fall short of the plan's minimum; of a period that was cut, of its part.
    private async Task TopUpAsync(SubscriptionPeriod period, DateTimeOffset at, CancellationToken cancellationToken)
    {
        if (plan.Minimum is not { } minimum) return;
        const string sql = "select coalesce(sum(amount), 0) from charges where tenant_id = $1 and period_starts_at between $2 and $3 and kind not like 'coupon%'";
        var written = (await settling.Connection.ListAsync(sql, row => row.GetDecimal(0), cancellationToken, Subscription.TenantId, period.StartsAt, at)).Single();
        var least = Nine(calendar.Fee(minimum, period) * (1m - Left(period, at)));
        var due = least - written - settling.Wallet.AccruedOf(period.StartsAt, at);
        if (due <= 0m) return;
        var posting = settling.Begin("minimum", at.AddTicks(-TimeSpan.TicksPerMicrosecond), Key("minimum", Subscription.PublicId, at), Subscription.PublicId);
        var item = plan.Definition.Items!.Single(one => one.Type == "minimum").Key!;
        var charge = new Charge(ChargeKind.Minimum, item, period.StartsAt, at, Detail: Fees.Detail($"{plan.Name}: the rest to the minimum")) { TaxInclusive = plan.TaxInclusive };
        settling.Wallet.Accrue(posting, charge, 1m, due, Account.RevenueMinimum, Subscription.Currency);
    }

    // What was to come with the next period comes.
    private void Renew(int number, DateTimeOffset at)
    {
        if (next is not null)
        {
            if (next.Months != plan.Months) Become(Subscription.From(at, number));
            Become(Subscription with { Next = null });
            Use(next, at);
        }

        Open(number, at);
    }

    private void Use(Plan another, DateTimeOffset at)
    {
        var quantities = Subscription.Quantities.Where(quantity => another.Seats.Any(seat => seat.Key == quantity.Key)).ToDictionary(StringComparer.Ordinal);
        Become(Subscription with
        {
            Plan = another.Key,
            PlanVersion = another.Version,
            Quantities = quantities,
            Exhaustion = another.Overage is not null ? Subscription.Exhaustion : "block",
        });
        listed = another;
        Net(Subscription.Period is null || !another.TaxInclusive ? null : Subscription.TaxPercent ?? prices.PercentAt(another, at));
        calendar = new PlanCalendar(Subscription, another);
        newTerms.Add((at, another));
        settling.Wallet.ConfigurationChanged = true;
    }

    private void SellDifference(Plan before, SubscriptionPeriod period, decimal left, DateTimeOffset at)
    {
        PlanFee[] worth = [.. PlanFees.Of(plan, Subscription, calendar, period)];
        foreach (var (i, item) in plan.Included.Index())
        {
            var old = before.Included.FirstOrDefault(old => old.Key == item.Key) ?? before.Included.ElementAtOrDefault(i);
            var more = calendar.Credits(item, period) - (old is null ? 0m : calendar.Credits(old, period));
            if (more <= 0m) continue;
            var price = Math.Max(0m, (worth.FirstOrDefault(fee => fee.Item == item.Key)?.Net ?? 0m) - (old is null ? 0m : Share(old, period)));
            var (credits, value) = (Nine(more * left), Nine(price * left));
            if (credits == 0m) continue;
            var posting = Issue(item, credits, value, at, period.EndsAt);
            var charge = new Charge(ChargeKind.IncludedCredits, item.Key, at, period.EndsAt, Advance: true, Detail: Fees.Detail($"{plan.Name}: more included credits")) { TaxInclusive = plan.TaxInclusive };
            if (value > 0m) settling.Wallet.Accrue(posting, charge, credits, value, Account.DeferredCredits, Subscription.Currency);
        }
    }

    private void Credit(LedgerTransaction posting, string item, decimal unearned, SubscriptionPeriod period, DateTimeOffset at)
    {
        var charge = new Charge(
            ChargeKind.Proration, $"{item}@{plan.Key}", at, period.EndsAt, Advance: true, Detail: Fees.Detail($"{plan.Name}: rest of the period, not used")) { TaxInclusive = plan.TaxInclusive };
        if (unearned != 0m) settling.Wallet.Accrue(posting, charge, 1m, -unearned, Account.DeferredFees, Subscription.Currency);
    }

    private Charge RestOf(string item, SubscriptionPeriod period, DateTimeOffset at, decimal? unitAmount) =>
        new(ChargeKind.Proration, item, at, period.EndsAt, Advance: true, Detail: Fees.Detail($"{plan.Name}: rest of the period" + (unitAmount is null ? "" : ", seats"))) { TaxInclusive = plan.TaxInclusive };

    private static decimal Left(SubscriptionPeriod period, DateTimeOffset at) => (period.EndsAt - at).Ticks / (decimal)(period.EndsAt - period.StartsAt).Ticks;

    private static decimal Nine(decimal amount) => Math.Round(amount, 9, MidpointRounding.ToEven);

    private void AddTerms(NpgsqlBatch batch)
    {
        foreach (var (since, another) in newTerms)
        {
            batch.Add("insert into subscription_terms (tenant_id, id, subscription_id, since, plan, plan_version, rate_card) values ($1, $2, $3, $4, $5, $6, $7)",
                Subscription.TenantId, Uuid7.At(settling.Wallet.Now), Subscription.Id, since, another.Key, another.Version, Subscription.Contract?.RateCard);
        }

        newTerms.Clear();
    }
}
