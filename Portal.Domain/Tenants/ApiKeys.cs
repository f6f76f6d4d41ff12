using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;

namespace Portal.Domain.Tenants;

/// <summary>Commands on API keys; tenant 0 is the platform. The caller's transaction commits, then calls <see cref="ApiKeyDirectory.Forget"/>.</summary>
public static class ApiKeys
{
    /// <summary>Keys that are not revoked, oldest first, from after <paramref name="after"/> on.</summary>
    public static Task<List<ApiKey>> ListAsync(NpgsqlDataSource source, long tenantId, int limit, Guid? after, CancellationToken cancellationToken) =>
        source.ListAsync(
            $"select {ApiKey.Columns} from api_keys where tenant_id = $1 and revoked_at is null and id > $2 order by id limit $3",
            ApiKey.Read,
            cancellationToken,
            tenantId,
            after ?? Guid.Empty,
            limit);

    /// <summary>
    /// Makes a key. Refuses <c>invalid_name</c>, <c>invalid_scopes</c>, <c>scope_not_allowed</c> (<c>admin</c> on a tenant's key; <c>usage:write</c> on
    /// one where the platform does not allow it) and <c>scope_exceeded</c> (more than the creator's own).
    /// </summary>
    /// <param name="connection">A connection in a transaction.</param>
    /// <param name="tenantId">Whose key; 0 is the platform.</param>
    /// <param name="name">1 to 200 characters.</param>
    /// <param name="scopes">Of <see cref="Scope.All"/>, at least one.</param>
    /// <param name="own">Scopes of the creator; null for a person who may manage keys.</param>
    /// <param name="now">Business time.</param>
    /// <param name="actor">Who creates it.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <returns>The key and its text, which is never seen again.</returns>
    public static async Task<Result<(ApiKey Key, string Text)>> CreateAsync(
        NpgsqlConnection connection, long tenantId, string name, IReadOnlyCollection<string> scopes, IReadOnlySet<string>? own, DateTimeOffset now,
        string? actor, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(scopes);
        if (!Texts.IsName(name)) return Problem.Field("name", "invalid_name", "The name must be 1 to 200 characters, without control characters.");
        if (scopes.Count == 0 || scopes.Any(scope => !Scope.All.Contains(scope, StringComparer.Ordinal)))
            return Problem.Field("scopes", "invalid_scopes", $"Give at least one scope of {string.Join(", ", Scope.All)}.");
        if (tenantId != 0 && await RefusedOnTenantKeysAsync(connection, scopes, cancellationToken) is { } refused)
        {
            var detail = $"A tenant's key cannot hold the scope {refused}.";
            return new Problem(
                ProblemKind.Unprocessable, "scope_not_allowed", detail, new Dictionary<string, string[]>(StringComparer.Ordinal) { ["scopes"] = [detail] });
        }

        if (own is not null && scopes.FirstOrDefault(scope => !own.Contains(scope)) is { } exceeded)
            return Problem.Forbidden("scope_exceeded", $"Your own key does not hold the scope {exceeded}.");

        var id = Uuid7.At(now);
        var (text, key) = ApiKeyText.Create(tenantId, id);
        var made = await InsertAsync(connection, key, name, scopes, now, actor, cancellationToken);
        return (made!, text);
    }

    /// <summary>Revokes a key: refused from now on. <c>unknown_api_key</c> when there is none, or it is revoked already.</summary>
    public static async Task<Result<Done>> RevokeAsync(
        NpgsqlConnection connection, long tenantId, Guid id, DateTimeOffset now, string? actor, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(connection);
        var revoked = await connection.ExecuteAsync(
            "update api_keys set revoked_at = $3 where tenant_id = $1 and id = $2 and revoked_at is null", cancellationToken, tenantId, id, now);
        if (revoked == 0) return Problem.NotFound("unknown_api_key", "There is no such key.");
        await Audit.WriteAsync(connection, tenantId, now, actor, "api_key.revoked", ApiKey.FormatId(tenantId, id), null, cancellationToken);
        return default(Done);
    }

    /// <summary>
    /// Makes sure that the platform has a key to begin with: the text given by configuration, or, when <paramref name="generate"/> and no
    /// platform key exists, a new one. Answers the text of a key that was generated, else null.
    /// </summary>
    public static async Task<string?> EnsurePlatformKeyAsync(
        NpgsqlDataSource source, string? configured, bool generate, CancellationToken cancellationToken = default)
    {
        if (configured is { Length: > 0 })
        {
            if (ApiKeyText.Parse(configured) is not { TenantId: 0 } key) throw new InvalidOperationException("Portal:BootstrapPlatformKey cannot be a platform key.");
            await PlatformTransaction.RunAsync<Done>(
                source,
                async platform =>
                {
                    await InsertAsync(platform.Connection, key, "Bootstrap", Scope.All, platform.Now, "configuration", cancellationToken);
                    return default(Done);
                },
                cancellationToken);
            return null;
        }

        if (!generate) return null;
        var made = await PlatformTransaction.RunAsync<string>(
            source,
            async platform =>
            {
                await platform.Connection.ExecuteAsync("select pg_advisory_xact_lock(hashtextextended('first platform key', 0))", cancellationToken);
                var any = await platform.Connection.ListAsync("select 1 from api_keys where tenant_id = 0 limit 1", row => row.GetInt32(0), cancellationToken);
                if (any.Count > 0) return Problem.Conflict("exists", "There is a platform key.");
                var first = await CreateAsync(platform.Connection, 0, "First key", Scope.All, null, platform.Now, "start", cancellationToken);
                return first.Value.Text;
            },
            cancellationToken);
        return made.Succeeded ? made.Value : null;
    }

    private static async Task<ApiKey?> InsertAsync(
        NpgsqlConnection connection, ApiKeyText key, string name, IEnumerable<string> scopes, DateTimeOffset now, string? actor, CancellationToken cancellationToken)
    {
        const string sql = $"""
            insert into api_keys (tenant_id, id, name, hash, hint, scopes, created_at, created_by) values ($1, $2, $3, $4, $5, $6, $7, nullif($8, ''))
            on conflict (tenant_id, id) do nothing returning {ApiKey.Columns}
            """;
        var inOrder = Scope.All.Where(scopes.Contains).ToArray();
        var made = await connection.FindAsync(
            sql, ApiKey.Read, cancellationToken, key.TenantId, key.Id, name, key.Hash, key.Hint, inOrder, now, actor ?? "");
        if (made is not null)
        {
            await Audit.WriteAsync(connection, key.TenantId, now, actor, "api_key.created", made.PublicId, new { Scopes = inOrder }, cancellationToken);
        }

        return made;
    }

    private static async Task<string?> RefusedOnTenantKeysAsync(NpgsqlConnection connection, IReadOnlyCollection<string> scopes, CancellationToken cancellationToken)
    {
        if (scopes.Contains(Scope.Admin, StringComparer.Ordinal)) return Scope.Admin;
        if (!scopes.Contains(Scope.UsageWrite, StringComparer.Ordinal)) return null;
        var allowed = await connection.ListAsync("select tenant_keys_write_usage from platform", row => row.GetBoolean(0), cancellationToken);
        return allowed[0] ? null : Scope.UsageWrite;
    }
}
