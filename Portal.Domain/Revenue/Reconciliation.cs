using System.Data;
using System.Text.Json;
using Npgsql;
using NpgsqlTypes;
using Portal.Domain.Data;
using Portal.Domain.Kernel;

namespace Portal.Domain.Revenue;

/// <summary>Checks the ledger's invariants from the rows alone, all in one snapshot, and keeps what it found.</summary>
public sealed class Reconciliation(NpgsqlDataSource source)
{
    /// <summary>Rows that a check names at most.</summary>
    public const int MostFailures = 50;

    // Invariants without a row here are those of tables that do not exist yet.
    private static readonly Invariant[] Invariants =
    [
        new(1, "transactions balance", ["transactions_balance", "transactions_of_one_tenant"]),
        new(2, "rows are never changed or deleted", ["rows_are_kept"]),
        new(3, "balances are the sums of entries", ["balances", "finance_daily"]),
        new(4, "pools, debts and overage are what grants and draws say", ["pools", "grants", "debts", "overage"]),
        new(5, "deferred credits are the value left in grants, deferred fees what is to come", ["deferred_credits", "deferred_fees"]),
        new(6, "usage postings are the sums of their ratings", ["usage_postings", "events_belong", "draws", "draws_posted"]),
        new(7, "rollups equal the ratings grouped", ["rollups", "rollups_by_pool"]),
        new(8, "invoices are their lines and what was booked; what is unbilled is charged on none", ["unbilled", "invoices"]),
        new(9, "payments equal their entries in cash, and what is given back its pieces", ["payments", "given_back"]),
        new(10, "suspense and moves between tenants are 0 or listed", ["external_move"], Listed: ["suspense", "open_moves"]),
    ];

    /// <summary>An invariant and the statements (Data/Sql/Reconciliation) that compare its rows.</summary>
    private sealed record Invariant(int Id, string Name, string[] Statements, string[]? Listed = null);

    private sealed record Comparison(long Rows, long Differences, IReadOnlyList<ReconciliationFailure> Failures);

    /// <summary>Checks everything as it stands now and keeps the report. Reads only; nobody waits for it.</summary>
    public async Task<ReconciliationReport> RunAsync(CancellationToken cancellationToken = default)
    {
        var report = await ReadAsync(cancellationToken);
        await using var command = source.CreateCommand("insert into reconciliation_runs (id, as_of, ok, checks) values ($1, $2, $3, $4)");
        command.Parameters.AddWithValue(Guid.CreateVersion7());
        command.Parameters.AddWithValue(report.AsOf);
        command.Parameters.AddWithValue(report.Ok);
        command.Parameters.AddWithValue(NpgsqlDbType.Jsonb, JsonSerializer.Serialize(report.Checks, PortalJson.Options));
        await command.ExecuteNonQueryAsync(cancellationToken);
        Telemetry.BrokenInvariants.Record(report.Checks.Count(check => !check.Ok));
        return report;
    }

    /// <summary>The report of the last run, or null when there was none.</summary>
    public Task<ReconciliationReport?> LastAsync(CancellationToken cancellationToken = default) =>
        source.FindAsync(
            "select ok, as_of, checks::text from reconciliation_runs order by id desc limit 1",
            row => new ReconciliationReport(
                row.GetBoolean(0),
                row.GetFieldValue<DateTimeOffset>(1),
                JsonSerializer.Deserialize<List<ReconciliationCheck>>(row.GetString(2), PortalJson.Options)!),
            cancellationToken);

    private async Task<ReconciliationReport> ReadAsync(CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var snapshot = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken);
        var clock = await connection.ListAsync(
            "select clock_timestamp() + clock_offset from platform", row => row.GetFieldValue<DateTimeOffset>(0), cancellationToken);
        await connection.ExecuteAsync("set local jit = off", cancellationToken); // compiling takes longer than what most of these do
        var checks = new List<ReconciliationCheck>();
        foreach (var invariant in Invariants) checks.Add(await CheckAsync(connection, invariant, cancellationToken));
        return new ReconciliationReport(checks.TrueForAll(check => check.Ok), clock[0], checks);
    }

    private static async Task<ReconciliationCheck> CheckAsync(NpgsqlConnection connection, Invariant invariant, CancellationToken cancellationToken)
    {
        var (rows, differences, failures) = (0L, 0L, new List<ReconciliationFailure>());
        foreach (var statement in invariant.Statements)
        {
            var comparison = await CompareAsync(connection, statement, cancellationToken);
            rows += comparison.Rows;
            differences += comparison.Differences;
            failures.AddRange(comparison.Failures);
        }

        foreach (var listed in invariant.Listed ?? [])
        {
            var comparison = await CompareAsync(connection, listed, cancellationToken);
            rows += comparison.Rows;
            failures.AddRange(comparison.Failures);
        }

        return new ReconciliationCheck(invariant.Id, invariant.Name, differences == 0, rows, [.. failures.Take(MostFailures)]);
    }

    // One pass over what the statement compares; only differences are put into words.
    private static async Task<Comparison> CompareAsync(NpgsqlConnection connection, string statement, CancellationToken cancellationToken)
    {
        var sql = $"""
            select count(*), count(*) filter (where expected is distinct from found),
              to_jsonb((array_agg(jsonb_build_object('tenant', (select key from tenants t where t.tenant_id = c.tenant_id), 'subject', subject,
                'expected', expected::text, 'found', found::text) order by c.tenant_id, subject)
                filter (where expected is distinct from found))[1:{MostFailures}])::text
            from (
            {SqlResources.Read("Sql.Reconciliation." + statement)}
            ) c
            """;
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        var failures = reader.Nullable<string>(2) is { } json ? JsonSerializer.Deserialize<List<ReconciliationFailure>>(json, PortalJson.Options)! : [];
        return new Comparison(reader.GetInt64(0), reader.GetInt64(1), failures);
    }
}
