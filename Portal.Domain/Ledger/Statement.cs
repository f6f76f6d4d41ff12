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
/// <param name="Balance">Credits less debt after it; null when the statement leaves kinds out.</param>
public sealed record WalletMovement(
    Guid Id, string Kind, DateTimeOffset At, string? Reference, string? Reason, string? Actor, IReadOnlyDictionary<string, decimal> Changes, decimal? Balance)
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

    // Of each kind the newest, by its index; what moved no credits is not part of a wallet's statement.
    private const string Movements = """
        with accounts as (
          select p.key, a.account from pools p cross join lateral (values ('pool:' || p.key), ('debt:' || p.key)) a(account)
          where p.tenant_id = $1 and ($5 = '' or p.key = $5)),
        page as (
          (select t.* from ledger_transactions t
           where cardinality($4::text[]) = 0 and t.tenant_id = $1 and t.id >= $2 and t.id < $3
             and exists (select from ledger_entries e where e.tenant_id = $1 and e.transaction_id = t.id and e.account in (select account from accounts))
           order by t.id desc limit $6)
          union all
          (select t.* from unnest($4::text[]) k(kind) cross join lateral (
             select t.* from ledger_transactions t where t.tenant_id = $1 and t.kind = k.kind and t.id >= $2 and t.id < $3
               and exists (select from ledger_entries e where e.tenant_id = $1 and e.transaction_id = t.id and e.account in (select account from accounts))
             order by t.id desc limit $6) t
           order by t.id desc limit $6))
        select t.id, t.kind, t.posted_at, t.reference, t.reason, t.actor, a.key, sum(e.amount)
        from page t
        join ledger_entries e on e.tenant_id = $1 and e.transaction_id = t.id and e.unit = 'CREDIT'
        join accounts a on a.account = e.account
        group by t.id, t.kind, t.posted_at, t.reference, t.reason, t.actor, a.key
        order by t.id desc, a.key
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
    public static async Task<PostedTransaction?> FindAsync(TenantRead read, Guid id, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(read);
        return Gather(await read.Connection.ListAsync(One, ReadLine, cancellationToken, read.TenantId, id)).FirstOrDefault();
    }

    /// <summary>
    /// What moved credits, newest first. The cursor carries the balance at which the next page goes on, so that no page reads what
    /// those before it have read; a cursor that makes no sense begins at the newest.
    /// </summary>
    /// <returns>The movements, and the cursor of the next page; null: there is none.</returns>
    public static async Task<(IReadOnlyList<WalletMovement> Movements, string? Next)> MovementsAsync(
        TenantRead read, StatementFilter filter, string? cursor, int limit, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(read);
        ArgumentNullException.ThrowIfNull(filter);
        var (after, balance) = ParseCursor(cursor);
        var bound = Bound(filter.To, after);
        var withBalance = filter.Kinds.Count == 0;
        await using var batch = new NpgsqlBatch(read.Connection);
        batch.Add(Movements, read.TenantId, First(filter.From), bound, filter.Kinds.ToArray(), filter.Pool ?? "", limit + 1);
        if (withBalance && balance is null) batch.Add(BalanceAt, read.TenantId, filter.Pool ?? "", bound);
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var movements = await MovementsAsync(reader, cancellationToken);
        if (withBalance && balance is null)
        {
            await reader.NextResultAsync(cancellationToken);
            await reader.ReadAsync(cancellationToken);
            balance = reader.GetDecimal(0);
        }

        return Paged(movements, limit, withBalance ? balance : null);
    }

    /// <summary>Credits less debt before the first transaction whose id is <paramref name="bound"/> or above.</summary>
    internal static async Task<decimal> BalanceBeforeAsync(TenantRead read, string? pool, Guid bound, CancellationToken cancellationToken) =>
        (await read.Connection.ListAsync(BalanceAt, row => row.GetDecimal(0), cancellationToken, read.TenantId, pool ?? "", bound)).Single();

    private static (IReadOnlyList<WalletMovement> Movements, string? Next) Paged(List<WalletMovement> movements, int limit, decimal? balance)
    {
        var more = movements.Count > limit;
        var page = movements.Take(limit).ToArray();
        for (var i = 0; i < page.Length; i++)
        {
            page[i] = page[i] with { Balance = balance };
            balance -= page[i].Credits;
        }

        return (page, more ? string.Create(CultureInfo.InvariantCulture, $"{page[^1].Id:N}_{balance}") : null);
    }

    private static (Guid? After, decimal? Balance) ParseCursor(string? cursor)
    {
        if (cursor?.Split('_') is not [var id, var balance] || !Guid.TryParseExact(id, "N", out var after)) return (null, null);
        return (after, decimal.TryParse(balance, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var left) ? left : null);
    }

    private static Guid First(DateTimeOffset? from) => from is null ? Guid.Empty : Uuid7.Floor(from.Value);

    // Ids are compared as PostgreSQL does: by their bytes in order.
    private static Guid Bound(DateTimeOffset? to, Guid? after)
    {
        var end = to is null ? Last : Uuid7.Floor(to.Value);
        return after is { } id && string.CompareOrdinal(id.ToString("N"), end.ToString("N")) < 0 ? id : end;
    }

    private static async Task<List<WalletMovement>> MovementsAsync(NpgsqlDataReader reader, CancellationToken cancellationToken)
    {
        var movements = new List<WalletMovement>();
        while (await reader.ReadAsync(cancellationToken))
        {
            var id = reader.GetGuid(0);
            if (movements.Count == 0 || movements[^1].Id != id)
            {
                movements.Add(new WalletMovement(
                    id, reader.GetString(1), reader.GetFieldValue<DateTimeOffset>(2), reader.Nullable<string>(3), reader.Nullable<string>(4), reader.Nullable<string>(5),
                    new Dictionary<string, decimal>(StringComparer.Ordinal), Balance: null));
            }

            ((Dictionary<string, decimal>)movements[^1].Changes)[reader.GetString(6)] = reader.GetDecimal(7);
        }

        return movements;
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
