using Portal.Domain.Kernel;
using Portal.Domain.Ledger;

namespace Portal.Domain.Wallet;

/// <summary>A part of a debt that a grant settled.</summary>
/// <param name="Debt">The debt.</param>
/// <param name="From">Where in the interval drawn the part begins.</param>
/// <param name="Credits">How much was settled.</param>
/// <param name="Grant">By which grant.</param>
/// <param name="RemainingBefore">What the grant had before, so that the value of any part of the part follows.</param>
/// <param name="Posting">The transaction that booked it.</param>
public sealed record SettledDebt(Debt Debt, decimal From, decimal Credits, Grant Grant, decimal RemainingBefore, LedgerTransaction Posting);

/// <summary>
/// One tenant's wallet as read under its lock, and what has been decided since: grants and debts change here in memory and
/// are written by <see cref="WalletWriter"/> as additions.
/// </summary>
public sealed partial class WalletState(DateTimeOffset? due, PeriodCounters period)
{
    private readonly Dictionary<Grant, decimal> movements = [];
    private readonly Dictionary<Grant, decimal> lapses = [];
    private readonly HashSet<Grant> rolled = [];
    private readonly HashSet<Debt> changedDebts = [];
    private readonly List<Grant> newGrants = [];
    private readonly List<Debt> newDebts = [];
    private readonly List<DrawInterval> newDraws = [];
    private readonly List<LedgerTransaction> postings = [];
    private readonly List<SettledDebt> settled = [];
    private DateTimeOffset? nextDueAt = due;
    private PeriodCounters period = period;
    private bool dueChanged, periodChanged;

    public required long TenantId { get; init; }

    /// <summary>wallets.version when locked.</summary>
    public required long Version { get; init; }

    /// <summary>wallets.config_version when locked.</summary>
    public required long ConfigVersion { get; init; }

    /// <summary>The next instant at which something may fall due; never later than it does.</summary>
    public DateTimeOffset? NextDueAt
    {
        get => nextDueAt;
        set
        {
            dueChanged |= nextDueAt != value;
            nextDueAt = value;
        }
    }

    /// <summary>The billing period that runs, and what accrued in it.</summary>
    public PeriodCounters Period
    {
        get => period;
        set
        {
            periodChanged |= period != value;
            period = value;
        }
    }

    /// <summary>On what terms credits beyond the grants are sold; null: they are debt.</summary>
    public OverageTerms? Overage { get; set; }

    /// <summary>True when there is something to write.</summary>
    public bool HasChanges => dueChanged || periodChanged || changedDebts.Count > 0 || ConfigurationChanged || postings.Count > 0 || newDrafts.Count > 0 || newGrants.Count > 0 || movements.Count > 0;

    /// <summary>posted_at of everything posted under this lock.</summary>
    public required DateTimeOffset Now { get; init; }

    /// <summary>Grants that may still be drawn, now or later.</summary>
    public List<Grant> Grants { get; } = [];

    /// <summary>Open debts, oldest first.</summary>
    public List<Debt> Debts { get; } = [];

    /// <summary>True once pools, teams, consumers or settings changed.</summary>
    public bool ConfigurationChanged { get; set; }

    /// <summary>What is added to the counters of allowances.</summary>
    public AllowanceCounters Allowances { get; } = new();

    internal IReadOnlyDictionary<Grant, decimal> Movements => movements;

    internal IReadOnlyDictionary<Grant, decimal> Lapses => lapses;

    internal IReadOnlyCollection<Grant> Rolled => rolled;

    internal IReadOnlyCollection<Debt> ChangedDebts => changedDebts;

    internal IReadOnlyList<Grant> NewGrants => newGrants;

    internal IReadOnlyList<Debt> NewDebts => newDebts;

    internal IReadOnlyList<DrawInterval> NewDraws => newDraws;

    /// <summary>What is about to be posted.</summary>
    public IReadOnlyList<LedgerTransaction> Postings => postings;

    /// <summary>Debts settled since the last write.</summary>
    public IReadOnlyList<SettledDebt> Settled => settled;

    /// <summary>Takes credits out of a grant and answers the value that goes with them.</summary>
    /// <exception cref="InvalidOperationException">The grant has less.</exception>
    public decimal Take(Grant grant, decimal credits) => Move(grant, -credits);

    /// <summary>Puts credits back into a grant and answers the value that comes with them.</summary>
    /// <exception cref="InvalidOperationException">More than it was granted.</exception>
    public decimal Return(Grant grant, decimal credits)
    {
        var value = -Move(grant, credits);
        if (grant.ExpiresAt is { } expiry && expiry > Now) DueNoLaterThan(expiry);
        return value;
    }

    /// <summary>Credits that came back into a grant that was gone expire at once: takes them out again and answers their value.</summary>
    public decimal Lapse(Grant grant, decimal credits)
    {
        lapses[grant] = lapses.GetValueOrDefault(grant) + credits;
        return Take(grant, credits);
    }

    /// <summary>A renewal is about to take what a grant has left.</summary>
    public void Roll(Grant grant, DateTimeOffset at)
    {
        ArgumentNullException.ThrowIfNull(grant);
        grant.RolledAt = at;
        rolled.Add(grant);
    }

    /// <summary>Adds a new grant.</summary>
    public void Add(Grant grant)
    {
        newGrants.Add(grant);
        Grants.Add(grant);
        if (grant.EffectiveAt > Now) DueNoLaterThan(grant.EffectiveAt);
        if (grant.ExpiresAt is { } expiry) DueNoLaterThan(expiry);
    }

    /// <summary>Adds a transaction to post.</summary>
    public LedgerTransaction Post(LedgerTransaction transaction)
    {
        postings.Add(transaction);
        return transaction;
    }

    /// <summary>Something falls due at that instant.</summary>
    public void DueNoLaterThan(DateTimeOffset instant)
    {
        if (NextDueAt is null || instant < NextDueAt) NextDueAt = instant;
    }

    /// <summary>
    /// Settles debts that were open at an instant, oldest first, from live grants of their pool that match their product (domain.md §3: pool → debt;
    /// the value goes to revenue).
    /// </summary>
    public void SettleDebts(DateTimeOffset now, IReadOnlyDictionary<int, Pool> pools, Func<LedgerTransaction> begin)
    {
        LedgerTransaction? posting = null;
        foreach (var debt in Debts.Where(debt => debt.IncurredAt <= now).ToArray())
        {
            foreach (var grant in Grants.Where(g => g.PoolId == debt.PoolId && (debt.Product is null ? g.IsLive(now) && g.Remaining > 0m : g.CanServe(debt.Product, now)))
                         .Order(BurnOrder.Instance).ToArray())
            {
                if (debt.Open == 0m) break;
                posting ??= Post(begin());
                SettleOne(debt, grant, pools[debt.PoolId].Key, posting);
            }

            if (debt.Open == 0m) Debts.Remove(debt);
        }
    }

    /// <summary>Adds a debt.</summary>
    public void Incur(Debt debt)
    {
        newDebts.Add(debt);
        Debts.Add(debt);
    }

    /// <summary>Takes a part out of an open debt: what comes after it becomes a segment of its own.</summary>
    /// <param name="debt">An open debt.</param>
    /// <param name="from">Where in the interval drawn the part begins; not before the debt does.</param>
    /// <param name="to">Where it ends; not after the debt does.</param>
    public void Forgive(Debt debt, decimal from, decimal to)
    {
        if (from < debt.From || to > debt.To || from >= to) throw new InvalidOperationException($"{from} to {to} is not open in the debt from {debt.From} to {debt.To}.");
        if (to < debt.To) Incur(debt.Rest(to));
        debt.To = from;
        Changed(debt);
        if (debt.Open == 0m) Debts.Remove(debt);
        Debts.Sort(Debt.OldestFirst);
    }

    /// <summary>Hands an open debt over to another pool.</summary>
    public void Hand(Debt debt, int poolId)
    {
        debt.PoolId = poolId;
        Changed(debt);
    }

    /// <summary>Adds a grant that the lock did not read, because nothing can be drawn from it, so that credits can go back to it.</summary>
    internal void Track(Grant grant) => Grants.Add(grant);

    internal void Draw(DrawInterval interval) => newDraws.Add(interval);

    /// <summary>Forgets what has been written.</summary>
    internal void Written()
    {
        movements.Clear();
        lapses.Clear();
        rolled.Clear();
        changedDebts.Clear();
        newGrants.Clear();
        newDebts.Clear();
        newDraws.Clear();
        postings.Clear();
        settled.Clear();
        accrued.Clear();
        newDrafts.Clear();
        Allowances.Clear();
        dueChanged = periodChanged = false;
        ConfigurationChanged = false;
    }

    private void SettleOne(Debt debt, Grant grant, string pool, LedgerTransaction posting)
    {
        var (credits, before) = (Math.Min(debt.Open, grant.Remaining), grant.Remaining);
        var value = Take(grant, credits);
        posting.MoveCredits(Account.Pool(pool), grant.Id, Account.Debt(pool), toGrant: null, credits);
        posting.Book(Account.DeferredCredits, debt.Product is null ? Account.Chargebacks : Account.RevenueUsage, value, grant.Currency);
        settled.Add(new SettledDebt(debt, debt.From, credits, grant, before, posting));
        debt.From += credits;
        Changed(debt);
    }

    private void Changed(Debt debt)
    {
        if (!newDebts.Contains(debt)) changedDebts.Add(debt);
    }

    private decimal Move(Grant grant, decimal credits)
    {
        var (before, after) = (grant.ValueLeft, grant.Remaining + credits);
        if (after < 0m || after > grant.Amount) throw new InvalidOperationException($"Grant {grant.Id} cannot hold {after} of {grant.Amount}.");
        grant.Remaining = after;
        movements[grant] = movements.GetValueOrDefault(grant) + credits;
        return before - grant.ValueLeft;
    }
}
