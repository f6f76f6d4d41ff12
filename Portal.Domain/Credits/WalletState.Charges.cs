using Portal.Domain.Ledger;

namespace Portal.Domain.Wallet;

/// <summary>What the wallet is charged for, and when that is billed.</summary>
public sealed partial class WalletState
{
    private readonly Dictionary<(string Kind, string Item, DateTimeOffset StartsAt, bool Advance), AccruedCharge> accrued = [];
    private readonly Dictionary<DateTimeOffset, DateTimeOffset> drafts = [];
    private readonly HashSet<DateTimeOffset> newDrafts = [];

    /// <summary>Drafts that were opened since the wallet was, with when they are finalised.</summary>
    public IReadOnlyDictionary<DateTimeOffset, DateTimeOffset> Drafts => drafts;

    internal IEnumerable<KeyValuePair<DateTimeOffset, DateTimeOffset>> NewDrafts => drafts.Where(draft => newDrafts.Contains(draft.Key));

    internal IReadOnlyCollection<AccruedCharge> Accrued => accrued.Values;

    /// <summary>Charges what was earned or fell due: Dr unbilled, and the next invoice says so.</summary>
    /// <param name="posting">The transaction that books it.</param>
    /// <param name="charge">What for.</param>
    /// <param name="quantity">How much of it; negative takes back.</param>
    /// <param name="amount">Money at nine places; negative takes back.</param>
    /// <param name="credit">The account that earns it.</param>
    /// <param name="currency">The tenant's.</param>
    /// <param name="credits">Of overage: the credits sold; negative takes back.</param>
    public void Accrue(LedgerTransaction posting, Charge charge, decimal quantity, decimal amount, string credit, string currency, decimal credits = 0m)
    {
        ArgumentNullException.ThrowIfNull(posting);
        ArgumentNullException.ThrowIfNull(charge);
        if (quantity == 0m && amount == 0m && credits == 0m) return;
        posting.Book(Account.Unbilled, credit, amount, currency);
        var key = (charge.Kind, charge.Item, charge.StartsAt, charge.Advance);
        accrued[key] = accrued.TryGetValue(key, out var before)
            ? before with { Quantity = before.Quantity + quantity, Amount = before.Amount + amount, Credits = before.Credits + credits }
            : new AccruedCharge(charge, quantity, amount, currency, credits);
    }

    /// <summary>Charges of periods that began within two instants, both included, that are not written yet, before coupons.</summary>
    public decimal AccruedOf(DateTimeOffset from, DateTimeOffset to) =>
        accrued.Values.Where(one => one.Charge.StartsAt >= from && one.Charge.StartsAt <= to && !ChargeKind.IsCoupon(one.Charge.Kind)).Sum(one => one.Amount);

    /// <summary>
    /// Something is due to be invoiced at that instant: the draft of that date opens, and is finalised an hour later, or a day later where usage
    /// of a period that ended may still arrive.
    /// </summary>
    public void Bill(DateTimeOffset at, bool afterUsage)
    {
        var finaliseAt = at + (afterUsage ? Draft.AfterUsage : Draft.AfterFees);
        if (drafts.TryGetValue(at, out var known) && known >= finaliseAt) return;
        drafts[at] = finaliseAt;
        newDrafts.Add(at);
        DueNoLaterThan(finaliseAt);
    }

    /// <summary>The draft of a date has been finalised, or nothing was due on it.</summary>
    public void Billed(DateTimeOffset at) => drafts.Remove(at);

    /// <summary>Invoices that were finalised under this lock.</summary>
    public int Invoiced { get; internal set; }
}
