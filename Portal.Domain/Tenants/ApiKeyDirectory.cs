using System.Collections.Concurrent;
using System.Security.Cryptography;
using Npgsql;
using Portal.Domain.Data;

namespace Portal.Domain.Tenants;

/// <summary>
/// Tells whose key a text is. A key that was found is remembered for <see cref="FreshFor"/>, so a revocation reaches every node
/// within that time and its own node at once. Keys that do not exist are not remembered.
/// </summary>
public sealed class ApiKeyDirectory(NpgsqlDataSource source)
{
    /// <summary>How long a key is trusted without asking the database.</summary>
    public static readonly TimeSpan FreshFor = TimeSpan.FromSeconds(3);

    private readonly ConcurrentDictionary<(long TenantId, Guid Id), Known> known = [];

    /// <summary>The key of a text, or null when there is none, its secret is another, or it is revoked.</summary>
    public async ValueTask<ApiKey?> FindAsync(string? text, CancellationToken cancellationToken)
    {
        if (ApiKeyText.Parse(text) is not { } presented) return null;
        var name = (presented.TenantId, presented.Id);
        if (!known.TryGetValue(name, out var entry) || Environment.TickCount64 >= entry.StaleAt)
        {
            entry = await ReadAsync(presented, cancellationToken);
            if (entry is null)
            {
                known.TryRemove(name, out _);
                return null;
            }

            known[name] = entry;
        }

        return entry.Key.RevokedAt is null && CryptographicOperations.FixedTimeEquals(entry.Hash, presented.Hash) ? entry.Key : null;
    }

    /// <summary>Reads a key again at its next use.</summary>
    public void Forget(long tenantId, Guid id) => known.TryRemove((tenantId, id), out _);

    // Using a key is noted in passing, at most once a minute, and only when the secret was right.
    private async Task<Known?> ReadAsync(ApiKeyText presented, CancellationToken cancellationToken)
    {
        const string read = $"select {ApiKey.Columns}, hash from api_keys where tenant_id = $1 and id = $2";
        const string note = """
            update api_keys set last_used_at = now()
            where tenant_id = $1 and id = $2 and hash = $3 and revoked_at is null
              and (last_used_at is null or last_used_at < now() - interval '1 minute')
            """;
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        var entry = await connection.FindAsync(
            read,
            row => new Known(ApiKey.Read(row), row.GetFieldValue<byte[]>(9), Environment.TickCount64 + (long)FreshFor.TotalMilliseconds),
            cancellationToken,
            presented.TenantId,
            presented.Id);
        if (entry is { Key.RevokedAt: null })
            await connection.ExecuteAsync(note, cancellationToken, presented.TenantId, presented.Id, presented.Hash);
        return entry;
    }

    private sealed record Known(ApiKey Key, byte[] Hash, long StaleAt);
}
