using Portal.Domain.Kernel;

namespace Portal.Domain.Ledger;

/// <summary>One signed amount on one account; debits are positive.</summary>
/// <param name="Account">Name of the account, from <see cref="Ledger.Account"/>.</param>
/// <param name="Unit"><see cref="Ledger.Account.CreditUnit"/> or a currency's code.</param>
/// <param name="GrantId">The lot, on accounts of pools.</param>
/// <param name="Amount">Signed, nine decimal places.</param>
public readonly record struct LedgerEntry(string Account, string Unit, Guid? GrantId, decimal Amount);

/// <summary>
/// A transaction being made: entries gather by account, unit and lot, and sum to zero per unit because each is added as a move
/// from one account to another. Written by <see cref="LedgerWriter"/>; never changed afterwards.
/// </summary>
public sealed class LedgerTransaction
{
    private readonly Dictionary<(string Account, string Unit, Guid? GrantId), decimal> entries = [];

    /// <summary>Makes an empty transaction.</summary>
    public LedgerTransaction(long tenantId, string kind, DateTimeOffset occurredAt, DateTimeOffset postedAt, DateOnly bookDate)
    {
        TenantId = tenantId;
        Kind = kind;
        OccurredAt = occurredAt;
        PostedAt = postedAt;
        BookDate = bookDate;
        Id = Uuid7.At(postedAt);
    }

    /// <summary>UUIDv7 of <see cref="PostedAt"/>.</summary>
    public Guid Id { get; }

    /// <summary>The one tenant it touches.</summary>
    public long TenantId { get; }

    /// <summary>What happened: <c>purchase</c>, <c>grant</c>, <c>usage</c>, <c>expiry</c>, <c>settlement</c>, …</summary>
    public string Kind { get; }

    /// <summary>When it happened.</summary>
    public DateTimeOffset OccurredAt { get; set; }

    /// <summary>When the ledger took it.</summary>
    public DateTimeOffset PostedAt { get; }

    /// <summary>The day that finance reports count it on.</summary>
    public DateOnly BookDate { get; }

    /// <summary>Natural key, unique per tenant; null when its identity lies elsewhere (events).</summary>
    public string? IdempotencyKey { get; init; }

    /// <summary>Public id of the cause.</summary>
    public string? Reference { get; init; }

    /// <summary>A sentence for people.</summary>
    public string? Reason { get; init; }

    /// <summary>Our id of who did it: <c>member:…</c>, <c>key:…</c>, <c>job</c>.</summary>
    public string? Actor { get; init; }

    /// <summary>The entries, without those that came to nothing.</summary>
    public IEnumerable<LedgerEntry> Entries =>
        entries.Where(entry => entry.Value != 0m).Select(entry => new LedgerEntry(entry.Key.Account, entry.Key.Unit, entry.Key.GrantId, entry.Value));

    /// <summary>Moves credits: <paramref name="from"/> loses what <paramref name="to"/> gains.</summary>
    public void MoveCredits(string from, Guid? fromGrant, string to, Guid? toGrant, decimal credits)
    {
        Add(from, Account.CreditUnit, fromGrant, -credits);
        Add(to, Account.CreditUnit, toGrant, credits);
    }

    /// <summary>Debits one account and credits the other with an amount of money.</summary>
    public void Book(string debit, string credit, decimal amount, string currency)
    {
        Add(debit, currency, null, amount);
        Add(credit, currency, null, -amount);
    }

    private void Add(string account, string unit, Guid? grantId, decimal amount)
    {
        if (amount == 0m) return;
        var key = (account, unit, grantId);
        entries[key] = entries.GetValueOrDefault(key) + amount;
    }
}
