using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Ledger;
using Portal.Domain.Wallet;

namespace Portal.Domain.Subscriptions.Contracts;

/// <summary>What the charges of some time came to, by kind.</summary>
internal sealed class ContractSpend
{
    private const string Sql = """
        select kind, period_starts_at, sum(amount) from charges where tenant_id = $1 and period_starts_at >= $2 and period_starts_at < $3 and kind not like 'coupon%' group by kind, period_starts_at
        """;

    private static readonly HashSet<string> Fixed = new([ChargeKind.Discount, ChargeKind.TrueUp, ChargeKind.Commit, ChargeKind.Minimum], StringComparer.Ordinal);

    private readonly List<(string Kind, DateTimeOffset At, decimal Amount)> charges;

    private ContractSpend(List<(string, DateTimeOffset, decimal)> charges) => this.charges = charges;

    /// <summary>Of all that is charged for periods that began between two instants, before coupons.</summary>
    public static async Task<ContractSpend> ReadAsync(
        Npgsql.NpgsqlConnection connection, long tenantId, DateTimeOffset from, DateTimeOffset until, CancellationToken cancellationToken) =>
        new(await connection.ListAsync(Sql, row => (row.GetString(0), row.GetFieldValue<DateTimeOffset>(1), row.GetDecimal(2)), cancellationToken, tenantId, from, until));

    /// <summary>Adds what is charged and not written yet.</summary>
    public void Add(Charge charge, decimal amount)
    {
        if (!ChargeKind.IsCoupon(charge.Kind)) charges.Add((charge.Kind, charge.StartsAt, amount));
    }

    /// <summary>What discounts are taken off: all but minimum and commit.</summary>
    public decimal Discountable(ContractPeriod period) => Of(period, kind => !Fixed.Contains(kind));

    /// <summary>What counts against the commit: after discounts, with the minimum, without true-ups.</summary>
    public decimal Spent(ContractPeriod period) => Of(period, kind => kind is not (ChargeKind.TrueUp or ChargeKind.Commit));

    /// <summary>When the last period of a charge began in it; its own begin without charges.</summary>
    public DateTimeOffset LatestIn(ContractPeriod period) =>
        charges.Where(charge => period.Contains(charge.At)).Select(charge => charge.At).DefaultIfEmpty(period.StartsAt).Max();

    /// <summary>What is charged of a kind.</summary>
    public decimal Charged(string kind, ContractPeriod period) => Of(period, one => one == kind);

    private decimal Of(ContractPeriod period, Func<string, bool> counts) =>
        charges.Where(charge => counts(charge.Kind) && period.Contains(charge.At)).Sum(charge => charge.Amount);
}

/// <summary>
/// Charges what a contract makes of the periods that have ended: its discounts, then true-ups. Both by difference to what is charged already,
/// so that usage that comes late moves them, and asking again changes nothing.
/// </summary>
internal static class ContractClosing
{
    /// <summary>Does it for all periods that ended by an instant.</summary>
    /// <param name="settling">The wallet.</param>
    /// <param name="subscription">Whose contract; the last one of the tenant, ended or not.</param>
    /// <param name="at">The end of a billing period.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>Whether something was charged.</returns>
    public static async Task<bool> RunAsync(Settling settling, Subscription subscription, DateTimeOffset at, CancellationToken cancellationToken)
    {
        if (Contract.Of(subscription) is not { } contract || at <= subscription.BillingStartsAt) return false;
        // What a cancellation gives back is of the instant at which it comes; what a renewal charges then is of the next period.
        var until = subscription.CancelledAt == at ? at.AddTicks(TimeSpan.TicksPerMicrosecond) : at;
        var spend = await ContractSpend.ReadAsync(settling.Connection, subscription.TenantId, subscription.BillingStartsAt, until, cancellationToken);
        foreach (var one in settling.Wallet.Accrued.Where(one => one.Charge.StartsAt >= subscription.BillingStartsAt && one.Charge.StartsAt < until)) spend.Add(one.Charge, one.Amount);
        var charged = false;
        void Book(Charge charge, decimal amount, string account)
        {
            if (amount == 0m) return;
            var posting = settling.Begin(charge.Kind, at.AddTicks(-TimeSpan.TicksPerMicrosecond), key: null, subscription.PublicId);
            settling.Wallet.Accrue(posting, charge, 1m, amount, account, subscription.Currency);
            spend.Add(charge, amount);
            charged = true;
        }

        foreach (var term in contract.Terms(at).Where(_ => contract.Definition.Discounts is not null))
        {
            var due = -contract.DiscountOf(spend.Discountable(term));
            var charge = new Charge(ChargeKind.Discount, "contract", spend.LatestIn(term), at < term.EndsAt ? at : term.EndsAt, Detail: Fees.Detail("Contract discount"));
            Book(charge, due - spend.Charged(ChargeKind.Discount, term), Account.RevenueDiscount);
        }

        foreach (var period in contract.CommitPeriods(at).Where(period => period.EndsAt <= at && !contract.Definition.Commit!.InAdvance))
        {
            var due = Math.Max(0m, contract.CommittedIn(period) - spend.Spent(period));
            var charge = new Charge(ChargeKind.TrueUp, "commit", period.StartsAt, period.EndsAt, Detail: Fees.Detail("Rest to the committed spend"));
            Book(charge, due - spend.Charged(ChargeKind.TrueUp, period), Account.RevenueTrueUp);
        }

        return charged;
    }
}
