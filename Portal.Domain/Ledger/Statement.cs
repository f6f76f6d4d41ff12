using System.Globalization;
using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;

namespace Portal.Domain.Ledger;

/// <summary>A transaction as it was posted.</summary>
/// <param name="Id">UUIDv7 of <paramref name="PostedAt"/>.</param>
/// <param name="Kind">What happened.</param>
/// <param name="OccurredAt">When it happened.</param>
/// <param name="PostedAt">When the ledger took it.</param>
/// <param name="BookDate">The day that finance reports count it on.</param>
/// <param name="Reference">Public id of the cause.</param>
/// <param name="Reason">A sentence for people.</param>
/// <param name="Actor">Who did it.</param>
/// <param name="Entries">Its entries in the order of their lines; none when it booked nothing, such as unrated usage.</param>
public sealed record PostedTransaction(
    Guid Id, string Kind, DateTimeOffset OccurredAt, DateTimeOffset PostedAt, DateOnly BookDate, string? Reference, string? Reason, string? Actor,
    IReadOnlyList<LedgerEntry> Entries);

/// <summary>What a wallet's statement says of one transaction.</summary>
/// <param name="Id">The transaction.</param>
/// <param name="Kind">What happened.</param>
/// <param name="At">When the ledger took it.</param>
/// <param name="Reference">Public id of the cause.</param>
/// <param name="Reason">A sentence for people.</param>
/// <param name="Actor">Who did it.</param>
/// <param name="Changes">Credits that came to (above 0) or left each pool, its debt counted against it; by the pool's key.</param>
public sealed record WalletMovement(
    Guid Id, string Kind, DateTimeOffset At, string? Reference, string? Reason, string? Actor, IReadOnlyDictionary<string, decimal> Changes)
{
    /// <summary>Credits that came or left in all.</summary>
    public decimal Credits => Changes.Values.Sum();
}

/// <summary>Which part of a wallet's statement.</summary>
/// <param name="Kinds">Only transactions of these kinds; empty: all.</param>
/// <param name="Pool">Only what touches the pool of this key; null: all.</param>
/// <param name="From">Posted from then on, to the millisecond; null: from the beginning.</param>
/// <param name="To">Posted before then; null: until now.</param>
public sealed record StatementFilter(IReadOnlyList<string> Kinds, string? Pool = null, DateTimeOffset? From = null, DateTimeOffset? To = null);

/// <summary>Reads the ledger of a tenant, newest first, a page at a time.</summary>
public static class Statement
{
    private static readonly Guid Last = new("ffffffff-ffff-ffff-ffff-ffffffffffff");

    // Transactions of an account are found in the account's index, newest first, per unit.
    private const string Page = """
        with page as (
          select t.* from ledger_transactions t where t.tenant_id = $1 and t.id >= $2 and t.id < $3 and $4 = '' order by t.id desc limit $5),
        of_account as (
          select distinct e.transaction_id as id from ledger_accounts a cross join lateral (
            select e.transaction_id from ledger_entries e
            where e.tenant_id = $1 and e.account = a.account and e.unit = a.unit and e.transaction_id >= $2 and e.transaction_id < $3
            group by e.transaction_id order by e.transaction_id desc limit $5) e
          where a.tenant_id = $1 and a.account = $4 order by 1 desc limit $5),
        chosen as (select * from page union all select t.* from of_account o join ledger_transactions t on t.tenant_id = $1 and t.id = o.id)
        select t.id, t.kind, t.occurred_at, t.posted_at, t.book_date, t.reference, t.reason, t.actor, e.account, e.unit, e.grant_id, e.amount
        from chosen t left join ledger_entries e on e.tenant_id = $1 and e.transaction_id = t.id
        order by t.id desc, e.line
        """;

    private const string One = """
        select t.id, t.kind, t.occurred_at, t.posted_at, t.book_date, t.reference, t.reason, t.actor, e.account, e.unit, e.grant_id, e.amount
        from ledger_transactions t left join ledger_entries e on e.tenant_id = $1 and e.transaction_id = t.id
        where t.tenant_id = $1 and t.id = $2 order by e.line
        """;

    // The balance before the first transaction that the statement leaves out at its newer end.
    private const string BalanceAt = """
        with accounts as (
          select a.account from pools p cross join lateral (values ('pool:' || p.key), ('debt:' || p.key)) a(account)
          where p.tenant_id = $1 and ($2 = '' or p.key = $2))
        select coalesce((select sum(l.balance) from ledger_accounts l join accounts using (account) where l.tenant_id = $1 and l.unit = 'CREDIT'), 0)
          - coalesce((select sum(e.amount) from accounts a join ledger_entries e
              on e.tenant_id = $1 and e.account = a.account and e.unit = 'CREDIT' and e.transaction_id >= $3), 0)
        """;

    /// <summary>Transactions with their entries, newest first; one round trip.</summary>
    /// <param name="read">The tenant's snapshot.</param>
    /// <param name="account">Only those with an entry on this account; null: all.</param>
    /// <param name="from">Posted from then on, to the millisecond.</param>
    /// <param name="to">Posted before then.</param>
    /// <param name="after">The last transaction of the page before; null: the first page.</param>
    /// <param name="limit">Rows of a page.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    public static async Task<List<PostedTransaction>> TransactionsAsync(
        TenantRead read, string? account, DateTimeOffset? from, DateTimeOffset? to, Guid? after, int limit, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(read);
        var lines = await read.Connection.ListAsync(Page, ReadLine, cancellationToken, read.TenantId, First(from), Bound(to, after), account ?? "", limit);
        return Gather(lines);
    }

    /// <summary>One transaction with its entries, or null.</summary>
    public static Task<PostedTransaction?> FindAsync(TenantRead read, Guid id, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(read);
        return FindAsync(read.Connection, read.TenantId, id, cancellationToken);
    }

    /// <summary>One transaction with its entries, or null.</summary>
    internal static async Task<PostedTransaction?> FindAsync(NpgsqlConnection connection, long tenantId, Guid id, CancellationToken cancellationToken) =>
        Gather(await connection.ListAsync(One, ReadLine, cancellationToken, tenantId, id)).FirstOrDefault();

    /// <summary>Credits less debt before the first transaction whose id is <paramref name="bound"/> or above.</summary>
    internal static async Task<decimal> BalanceBeforeAsync(TenantRead read, string? pool, Guid bound, CancellationToken cancellationToken) =>
        (await read.Connection.ListAsync(BalanceAt, row => row.GetDecimal(0), cancellationToken, read.TenantId, pool ?? "", bound)).Single();

    private static Guid First(DateTimeOffset? from) => from is null ? Guid.Empty : Uuid7.Floor(from.Value);

    // Ids are compared as PostgreSQL does: by their bytes in order.
    private static Guid Bound(DateTimeOffset? to, Guid? after)
    {
        var end = to is null ? Last : Uuid7.Floor(to.Value);
        return after is { } id && string.CompareOrdinal(id.ToString("N"), end.ToString("N")) < 0 ? id : end;
    }

    private static (PostedTransaction Transaction, LedgerEntry? Entry) ReadLine(NpgsqlDataReader row) => (
        new PostedTransaction(
            row.GetGuid(0), row.GetString(1), row.GetFieldValue<DateTimeOffset>(2), row.GetFieldValue<DateTimeOffset>(3), row.GetFieldValue<DateOnly>(4),
            row.Nullable<string>(5), row.Nullable<string>(6), row.Nullable<string>(7), []),
        row.IsDBNull(8) ? null : new LedgerEntry(row.GetString(8), row.GetString(9), row.Nullable<Guid?>(10), row.GetDecimal(11)));

    private static List<PostedTransaction> Gather(List<(PostedTransaction Transaction, LedgerEntry? Entry)> lines) => [.. lines
        .GroupBy(line => line.Transaction.Id)
        .Select(group => group.First().Transaction with { Entries = [.. group.Where(line => line.Entry is not null).Select(line => line.Entry!.Value)] })];
}
