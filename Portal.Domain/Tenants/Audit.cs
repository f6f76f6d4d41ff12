using System.Text.Json;
using Npgsql;
using NpgsqlTypes;
using Portal.Domain.Data;
using Portal.Domain.Kernel;

namespace Portal.Domain.Tenants;

/// <summary>Who did what. Written in the transaction of what was done; holds our ids, never names or mails.</summary>
/// <param name="Id">UUIDv7.</param>
/// <param name="At">When (business time, UTC).</param>
/// <param name="Actor">Who: <c>key:…</c>, <c>user:…</c>, <c>job</c>.</param>
/// <param name="Action">What: <c>pool.created</c>, <c>member.removed</c>.</param>
/// <param name="Subject">To which thing, by its public id or key.</param>
/// <param name="Detail">What else there is to say, as JSON.</param>
public sealed record AuditEntry(Guid Id, DateTimeOffset At, string Actor, string Action, string? Subject, string? Detail);

/// <summary>Writes and reads the audit.</summary>
public static class Audit
{
    private static readonly JsonSerializerOptions Options = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <summary>Notes what was done, on the connection whose transaction does it. Tenant 0 is the platform.</summary>
    public static async Task WriteAsync(
        NpgsqlConnection connection, long tenantId, DateTimeOffset at, string? actor, string action, string? subject, object? detail,
        CancellationToken cancellationToken)
    {
        const string sql = "insert into audit (tenant_id, id, at, actor, action, subject, detail) values ($1, $2, $3, $4, $5, $6, $7)";
        await using var command = new NpgsqlCommand(sql, connection);
        command.Parameters.Add(Columns.Parameter(tenantId));
        command.Parameters.Add(Columns.Parameter(Uuid7.At(at)));
        command.Parameters.Add(Columns.Parameter(at));
        command.Parameters.Add(Columns.Parameter(actor ?? "system"));
        command.Parameters.Add(Columns.Parameter(action));
        command.Parameters.Add(new NpgsqlParameter { Value = (object?)subject ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text });
        command.Parameters.Add(new NpgsqlParameter
        {
            Value = detail is null ? DBNull.Value : JsonSerializer.Serialize(detail, Options),
            NpgsqlDbType = NpgsqlDbType.Jsonb,
        });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Entries of a tenant, newest first.</summary>
    /// <param name="source">The database.</param>
    /// <param name="tenantId">Whose.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="after">The entry after which to go on; null from the newest.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public static Task<List<AuditEntry>> ListAsync(NpgsqlDataSource source, long tenantId, int limit, Guid? after, CancellationToken cancellationToken) =>
        source.ListAsync(
            """
            select id, at, actor, action, subject, detail::text from audit
            where tenant_id = $1 and id < $2
            order by id desc limit $3
            """,
            row => new AuditEntry(
                row.GetGuid(0), row.GetFieldValue<DateTimeOffset>(1), row.GetString(2), row.GetString(3), row.Nullable<string>(4), row.Nullable<string>(5)),
            cancellationToken,
            tenantId,
            after ?? Guid.AllBitsSet,
            limit);
}
