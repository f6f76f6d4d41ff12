using Npgsql;
using Portal.Domain.Data;

namespace Portal.Domain.Ledger;

/// <summary>Writes ledger transactions: four statements for any number of them, in the round trip of the batch they are added to.</summary>
public static class LedgerWriter
{
    private const string InsertTransactions = """
        insert into ledger_transactions (tenant_id, id, kind, idempotency_key, occurred_at, posted_at, book_date, reference, reason, actor)
        select * from unnest($1::bigint[], $2::uuid[], $3::text[], $4::text[], $5::timestamptz[], $6::timestamptz[], $7::date[], $8::text[], $9::text[], $10::text[])
        """;

    private const string InsertEntries = """
        insert into ledger_entries (tenant_id, transaction_id, line, account, unit, grant_id, amount)
        select * from unnest($1::bigint[], $2::uuid[], $3::int[], $4::text[], $5::text[], $6::uuid[], $7::numeric[])
        """;

    // Added, never overwritten; the rows come sorted so that two writers meet in one order.
    private const string AddToAccounts = """
        insert into ledger_accounts as a (tenant_id, account, unit, balance)
        select * from unnest($1::bigint[], $2::text[], $3::text[], $4::numeric[])
        on conflict (tenant_id, account, unit) do update set balance = a.balance + excluded.balance
        """;

    private const string AddToDays = """
        insert into finance_daily as f (tenant_id, book_date, account, unit, amount)
        select * from unnest($1::bigint[], $2::date[], $3::text[], $4::text[], $5::numeric[])
        on conflict (tenant_id, book_date, account, unit) do update set amount = f.amount + excluded.amount
        """;

    /// <summary>Adds the statements that write <paramref name="transactions"/> to a batch. None for none.</summary>
    public static void AddTo(NpgsqlBatch batch, IReadOnlyCollection<LedgerTransaction> transactions)
    {
        if (transactions.Count == 0) return;
        var headers = transactions.ToArray();
        batch.Add(InsertTransactions,
            headers.Select(t => t.TenantId), headers.Select(t => t.Id), headers.Select(t => t.Kind), headers.Select(t => t.IdempotencyKey),
            headers.Select(t => t.OccurredAt.ToUniversalTime()), headers.Select(t => t.PostedAt.ToUniversalTime()), headers.Select(t => t.BookDate),
            headers.Select(t => t.Reference), headers.Select(t => t.Reason), headers.Select(t => t.Actor));

        var lines = headers.SelectMany(t => t.Entries.Select((entry, line) => (Transaction: t, Entry: entry, Line: line))).ToArray();
        if (lines.Length == 0) return;
        batch.Add(InsertEntries,
            lines.Select(l => l.Transaction.TenantId), lines.Select(l => l.Transaction.Id), lines.Select(l => l.Line),
            lines.Select(l => l.Entry.Account), lines.Select(l => l.Entry.Unit), lines.Select(l => l.Entry.GrantId), lines.Select(l => l.Entry.Amount));

        var accounts = lines
            .GroupBy(l => (l.Transaction.TenantId, l.Entry.Account, l.Entry.Unit))
            .Select(g => (g.Key.TenantId, g.Key.Account, g.Key.Unit, Sum: g.Sum(l => l.Entry.Amount)))
            .OrderBy(a => a.TenantId).ThenBy(a => a.Account, StringComparer.Ordinal).ThenBy(a => a.Unit, StringComparer.Ordinal)
            .ToArray();
        batch.Add(AddToAccounts,
            accounts.Select(a => a.TenantId), accounts.Select(a => a.Account), accounts.Select(a => a.Unit), accounts.Select(a => a.Sum));

        var days = lines
            .GroupBy(l => (l.Transaction.TenantId, l.Transaction.BookDate, l.Entry.Account, l.Entry.Unit))
            .Select(g => (g.Key.TenantId, g.Key.BookDate, g.Key.Account, g.Key.Unit, Sum: g.Sum(l => l.Entry.Amount)))
            .OrderBy(d => d.TenantId).ThenBy(d => d.BookDate).ThenBy(d => d.Account, StringComparer.Ordinal).ThenBy(d => d.Unit, StringComparer.Ordinal)
            .ToArray();
        batch.Add(AddToDays,
            days.Select(d => d.TenantId), days.Select(d => d.BookDate), days.Select(d => d.Account), days.Select(d => d.Unit), days.Select(d => d.Sum));
    }
}
