using System.Text.Json;
using Npgsql;
using NpgsqlTypes;
using Portal.Domain.Data;
using Portal.Domain.Kernel;

namespace Portal.Domain.Pricing;

/// <summary>Operations as they are stored: asking for one, looking at them.</summary>
public static class Operations
{
    private const string Select = """
        select o.id, o.kind, o.state, coalesce(s.done, 0), case when o.prepared then coalesce(s.total, 0) end,
          (case when json_typeof(o.parameters -> 'rates') = 'array'
            then (o.parameters::jsonb - 'rates') || jsonb_build_object('rate_count', json_array_length(o.parameters -> 'rates'))
            else o.parameters::jsonb end)::text,
          o.result::text, o.error::text, o.actor, o.created_at, o.started_at, o.finished_at
        from operations o
        left join lateral (
          select sum(t.done)::bigint as done, sum(greatest(t.total, t.done))::bigint as total from operation_tenants t where t.operation_id = o.id) s on true
        """;

    /// <summary>Asks for one, in the transaction of the caller; a worker begins it once that has committed.</summary>
    /// <param name="connection">The connection of the transaction.</param>
    /// <param name="kind">Of <see cref="OperationKind"/>.</param>
    /// <param name="parameters">What it is to do; kept as JSON.</param>
    /// <param name="actor">Who asks.</param>
    /// <param name="now">Business time.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public static async Task<Operation> BeginAsync(
        NpgsqlConnection connection, string kind, object parameters, string? actor, DateTimeOffset now, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(parameters);
        var id = Uuid7.At(now);
        await using var command = new NpgsqlCommand(
            "insert into operations (id, kind, parameters, actor, created_at) values ($1, $2, $3, $4, $5)", connection);
        command.Parameters.AddWithValue(id);
        command.Parameters.AddWithValue(kind);
        command.Parameters.AddWithValue(NpgsqlDbType.Json, JsonSerializer.Serialize(parameters, parameters.GetType(), PortalJson.Options));
        command.Parameters.AddWithValue(actor ?? "system");
        command.Parameters.AddWithValue(now.ToUniversalTime());
        await command.ExecuteNonQueryAsync(cancellationToken);
        return (await connection.FindAsync($"{Select} where o.id = $1", Read, cancellationToken, id))!;
    }

    /// <summary>One of them; null when there is none of that id.</summary>
    public static Task<Operation?> FindAsync(NpgsqlDataSource source, Guid id, CancellationToken cancellationToken = default) =>
        source.FindAsync($"{Select} where o.id = $1", Read, cancellationToken, id);

    /// <summary>The newest first.</summary>
    /// <param name="source">As the application.</param>
    /// <param name="kinds">Only these; null for all.</param>
    /// <param name="before">Those before this one; null from the newest.</param>
    /// <param name="limit">How many at most.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public static async Task<IReadOnlyList<Operation>> ListAsync(
        NpgsqlDataSource source, IReadOnlyList<string>? kinds, Guid? before, int limit, CancellationToken cancellationToken = default) =>
        await source.ListAsync(
            $"{Select} where ($1::text[] is null or o.kind = any($1)) and ($2::uuid is null or o.id < $2) order by o.id desc limit $3", Read, cancellationToken,
            kinds?.ToArray(), before, limit);

    /// <summary>Rates what is covered by now, in the transaction that covers it.</summary>
    public static Task RateLateAsync(CatalogueChange change, string cause, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(change);
        return BeginAsync(change.Connection, OperationKind.LateRating, new { cause, catalogue_version = change.Version }, "system", change.Now, cancellationToken);
    }

    private static Operation Read(NpgsqlDataReader r) => new(
        r.GetGuid(0), r.GetString(1), r.GetString(2), r.GetInt64(3), r.Nullable<long?>(4), r.GetString(5), r.Nullable<string>(6), r.Nullable<string>(7),
        r.GetString(8), r.GetFieldValue<DateTimeOffset>(9), r.Nullable<DateTimeOffset?>(10), r.Nullable<DateTimeOffset?>(11));
}
