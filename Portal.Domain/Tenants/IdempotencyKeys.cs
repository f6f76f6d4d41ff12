using Npgsql;
using Portal.Domain.Data;

namespace Portal.Domain.Tenants;

/// <summary>A request that carries an <c>Idempotency-Key</c>: it happens once, its repeats get the first answer.</summary>
/// <param name="TenantId">Tenant of the API key; 0 is the platform.</param>
/// <param name="ApiKeyId">The API key that asked.</param>
/// <param name="Route">Method and path.</param>
/// <param name="Key">The header's text.</param>
/// <param name="Digest">SHA-256 of query and body.</param>
public sealed record IdempotentRequest(long TenantId, Guid ApiKeyId, string Route, string Key, byte[] Digest);

/// <summary>An answer as it was sent.</summary>
/// <param name="Status">HTTP status, 200 to 299.</param>
/// <param name="Location">The header, or null.</param>
/// <param name="Body">JSON, or empty.</param>
public sealed record StoredAnswer(int Status, string? Location, string Body);

/// <summary>What a request with an idempotency key has met.</summary>
public enum IdempotencyStanding
{
    /// <summary>Nothing: it is the first, and holds the key until its transaction ends.</summary>
    First,

    /// <summary>The answer to its twin.</summary>
    Answered,

    /// <summary>The same key with another body.</summary>
    OtherBody,

    /// <summary>A twin that is still being answered.</summary>
    InFlight,
}

/// <summary>Answers kept for repeats, in the transaction of their effect.</summary>
public static class IdempotencyKeys
{
    /// <summary>How long an answer is kept.</summary>
    public static readonly TimeSpan Kept = TimeSpan.FromDays(30);

    /// <summary>Claims the key until the transaction of the connection ends, or tells what stands in the way.</summary>
    public static async Task<(IdempotencyStanding Standing, StoredAnswer? Answer)> ClaimAsync(
        NpgsqlConnection connection, IdempotentRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        await using (var claim = new NpgsqlCommand("select pg_try_advisory_xact_lock(hashtextextended($1, 0))", connection))
        {
            claim.Parameters.Add(Columns.Parameter($"idempotency {request.TenantId} {request.ApiKeyId:N} {request.Route} {request.Key}"));
            if (await claim.ExecuteScalarAsync(cancellationToken) is not true) return (IdempotencyStanding.InFlight, null);
        }

        // A statement of its own after the lock, so that it sees what the last holder committed.
        const string sql = "select digest, status, location, body from idempotency_keys where tenant_id = $1 and api_key_id = $2 and route = $3 and key = $4";
        var stored = await connection.FindAsync(
            sql,
            row => Tuple.Create(row.GetFieldValue<byte[]>(0), new StoredAnswer(row.GetInt32(1), row.Nullable<string>(2), row.GetString(3))),
            cancellationToken,
            request.TenantId,
            request.ApiKeyId,
            request.Route,
            request.Key);
        if (stored is null) return (IdempotencyStanding.First, null);
        return stored.Item1.AsSpan().SequenceEqual(request.Digest)
            ? (IdempotencyStanding.Answered, stored.Item2)
            : (IdempotencyStanding.OtherBody, null);
    }

    /// <summary>Keeps the answer for repeats.</summary>
    public static async Task KeepAsync(NpgsqlConnection connection, IdempotentRequest request, StoredAnswer answer, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(answer);
        const string sql = """
            insert into idempotency_keys (tenant_id, api_key_id, route, key, digest, status, location, body)
            values ($1, $2, $3, $4, $5, $6, nullif($7, ''), $8)
            """;
        await connection.ExecuteAsync(
            sql,
            cancellationToken,
            request.TenantId,
            request.ApiKeyId,
            request.Route,
            request.Key,
            request.Digest,
            answer.Status,
            answer.Location ?? "",
            answer.Body);
    }

    /// <summary>Forgets answers older than <see cref="Kept"/>, a few thousand at a time; answers how many. Safe to run at any time, twice too.</summary>
    public static async Task<int> PruneAsync(NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        const string sql = """
            delete from idempotency_keys where (tenant_id, api_key_id, route, key) in (
              select tenant_id, api_key_id, route, key from idempotency_keys where created_at < now() - $1 order by created_at limit 5000)
            """;
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        var total = 0;
        while (true)
        {
            var pruned = await connection.ExecuteAsync(sql, cancellationToken, Kept);
            total += pruned;
            if (pruned < 5000) return total;
        }
    }
}
