using Npgsql;
using Portal.Domain.Kernel;

namespace Portal.Domain.Data;

/// <summary>
/// Opens what pages and the API read of one tenant: as role <c>portal_page</c> with <c>app.tenant</c> set, so that row-level security
/// hides every other tenant even from a query that forgot to ask; in one snapshot, so that the figures of a page agree.
/// </summary>
public sealed class TenantReads(NpgsqlDataSource source, ISettlesDue? due = null)
{
    // The role and the tenant hold until the transaction ends; the clock is read after the snapshot is taken, never before
    // something that is in it.
    private const string Enter = "select set_config('role', 'portal_page', true), set_config('app.tenant', $1, true)";

    private const string Look = """
        select greatest(clock_timestamp() + p.clock_offset, w.last_posted_at), t.time_zone, t.currency::text, w.version, w.next_due_at
        from wallets w join tenants t on t.tenant_id = w.tenant_id cross join platform p where w.tenant_id = $1
        """;

    /// <summary>Runs <paramref name="read"/> in one snapshot of the tenant; nothing can be written in it.</summary>
    /// <exception cref="InvalidOperationException">There is no such tenant: callers have found it before.</exception>
    public async Task<T> RunAsync<T>(long tenantId, Func<TenantRead, Task<T>> read, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(read);
        return await TryAsync(tenantId, onlySettled: due is not null, read, cancellationToken) is { } answer
            ? answer.Value
            : await SettledAsync(tenantId, read, cancellationToken);
    }

    // Nobody sees a renewal half done: what fell due is done before anything is shown. What falls due meanwhile is the next reader's.
    private async Task<T> SettledAsync<T>(long tenantId, Func<TenantRead, Task<T>> read, CancellationToken cancellationToken)
    {
        await due!.SettleDueAsync(tenantId, cancellationToken);
        return (await TryAsync(tenantId, onlySettled: false, read, cancellationToken))!.Value.Value;
    }

    private async Task<(T Value, bool Read)?> TryAsync<T>(long tenantId, bool onlySettled, Func<TenantRead, Task<T>> read, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead, cancellationToken);
        var (opened, isSettled) = await OpenAsync(connection, tenantId, cancellationToken);
        if (onlySettled && !isSettled) return null;
        var answer = (await read(opened), true);
        await transaction.CommitAsync(cancellationToken);
        return answer;
    }

    /// <summary>The wallet's version alone: what an open page compares every second. 0 when there is none.</summary>
    public async Task<long> VersionAsync(long tenantId, CancellationToken cancellationToken = default)
    {
        await using var command = source.CreateCommand("select version from wallets where tenant_id = $1");
        command.Parameters.AddWithValue(tenantId);
        return (long?)await command.ExecuteScalarAsync(cancellationToken) ?? 0L;
    }

    private static async Task<(TenantRead Read, bool IsSettled)> OpenAsync(NpgsqlConnection connection, long tenantId, CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(connection);
        batch.Add(Enter, tenantId.ToString(System.Globalization.CultureInfo.InvariantCulture));
        batch.Add(Look, tenantId);
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken)) throw new InvalidOperationException($"There is no tenant {tenantId}.");
        var now = reader.GetFieldValue<DateTimeOffset>(0);
        var read = new TenantRead(
            connection, tenantId, now, Instants.FindZone(reader.GetString(1)) ?? TimeZoneInfo.Utc, reader.GetString(2), reader.GetInt64(3));
        return (read, reader.IsDBNull(4) || reader.GetFieldValue<DateTimeOffset>(4) > now);
    }
}

/// <summary>Does what fell due for a tenant before somebody looks. Wallets do it.</summary>
public interface ISettlesDue
{
    /// <summary>Settles what is due now.</summary>
    Task SettleDueAsync(long tenantId, CancellationToken cancellationToken);
}

/// <summary>One snapshot of one tenant, for the queries of a page or an answer.</summary>
/// <param name="Connection">Inside the transaction that holds the snapshot.</param>
/// <param name="TenantId">The tenant; queries name it first all the same.</param>
/// <param name="Now">Business time: the database's clock plus the sandbox's offset, never before what the snapshot holds.</param>
/// <param name="Zone">The tenant's zone, for days and hours.</param>
/// <param name="Currency">The tenant's currency.</param>
/// <param name="Version">The wallet's version in the snapshot.</param>
public sealed record TenantRead(NpgsqlConnection Connection, long TenantId, DateTimeOffset Now, TimeZoneInfo Zone, string Currency, long Version);
