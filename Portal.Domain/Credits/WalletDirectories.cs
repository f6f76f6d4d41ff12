using System.Collections.Concurrent;
using Npgsql;

namespace Portal.Domain.Wallet;

/// <summary>The directories that this process has read, by tenant. Whoever holds the wallet's lock knows which version is right.</summary>
public sealed class WalletDirectories(NpgsqlDataSource source)
{
    private readonly ConcurrentDictionary<long, WalletDirectory> byTenant = [];
    private readonly ConcurrentDictionary<string, long> idsByKey = new(StringComparer.Ordinal);

    /// <summary>The tenant of a key, or null.</summary>
    public async ValueTask<long?> FindTenantAsync(string key, CancellationToken cancellationToken)
    {
        if (idsByKey.TryGetValue(key, out var known)) return known;
        await using var command = source.CreateCommand("select tenant_id from tenants where key = $1");
        command.Parameters.AddWithValue(key);
        if (await command.ExecuteScalarAsync(cancellationToken) is not long id) return null;
        return idsByKey.GetOrAdd(key, id);
    }

    /// <summary>A directory that may be out of date: good for preparing what is checked again under the lock. Null: no such tenant.</summary>
    public async ValueTask<WalletDirectory?> RecentAsync(long tenantId, CancellationToken cancellationToken)
    {
        if (byTenant.TryGetValue(tenantId, out var known)) return known;
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        var read = await WalletDirectory.ReadAsync(connection, transaction: null, tenantId, cancellationToken);
        return read is null ? null : Keep(read);
    }

    /// <summary>The directory of exactly that version, read on the connection that holds the lock when the one at hand is another.</summary>
    public async ValueTask<WalletDirectory> OfVersionAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, long tenantId, long version, CancellationToken cancellationToken)
    {
        if (byTenant.TryGetValue(tenantId, out var known) && known.Version == version) return known;
        return await WalletDirectory.ReadAsync(connection, transaction, tenantId, cancellationToken)
            ?? throw new InvalidOperationException($"Tenant {tenantId} has a wallet but no directory.");
    }

    /// <summary>Keeps a directory for others once the transaction that read it has committed.</summary>
    public WalletDirectory Keep(WalletDirectory directory) =>
        byTenant.AddOrUpdate(directory.TenantId, directory, (_, known) => known.Version > directory.Version ? known : directory);
}
