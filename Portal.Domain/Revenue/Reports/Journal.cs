using System.Runtime.CompilerServices;
using Npgsql;
using Portal.Domain.Kernel;

namespace Portal.Domain.Revenue.Reports;

/// <summary>A line of the journal.</summary>
/// <param name="Date">Its book date.</param>
/// <param name="Transaction">Public id of the transaction.</param>
/// <param name="Kind">What happened.</param>
/// <param name="Account">The account.</param>
/// <param name="Amount">Debits positive.</param>
/// <param name="Unit"><c>CREDIT</c> or an ISO 4217 code.</param>
/// <param name="Tenant">Key of the tenant; null of the platform's own.</param>
/// <param name="Reference">Public id of the cause.</param>
public sealed record JournalLine(DateOnly Date, string Transaction, string Kind, string Account, decimal Amount, string Unit, string? Tenant, string? Reference);

/// <summary>Every entry of a month, by book date.</summary>
public static class Journal
{
    private const string Sql = """
        select t.book_date, t.tenant_id, t.id, t.kind, e.account, e.amount, e.unit, n.key, t.reference
        from ledger_transactions t
        join ledger_entries e on e.tenant_id = t.tenant_id and e.transaction_id = t.id
        left join tenants n on n.tenant_id = t.tenant_id
        where t.book_date >= $1 and t.book_date < $2 order by t.book_date, t.tenant_id, t.id, e.line
        """;

    /// <summary>Reads a month line by line, by day, tenant and transaction.</summary>
    public static async IAsyncEnumerable<JournalLine> ReadAsync(
        NpgsqlDataSource source, BookMonth month, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        await using var command = source.CreateCommand(Sql);
        command.CommandTimeout = 0;
        command.Parameters.AddWithValue(month.FirstDay);
        command.Parameters.AddWithValue(month.End);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            yield return new JournalLine(
                reader.GetFieldValue<DateOnly>(0), PublicId.Format(PublicId.Transaction, reader.GetInt64(1), reader.GetGuid(2)), reader.GetString(3), reader.GetString(4),
                reader.GetDecimal(5), reader.GetString(6), reader.IsDBNull(7) ? null : reader.GetString(7), reader.IsDBNull(8) ? null : reader.GetString(8));
        }
    }
}
