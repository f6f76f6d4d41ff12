using System.Text.Json;
using Npgsql;
using NpgsqlTypes;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Metering.Corrections;

namespace Portal.Domain.Metering.Rerating;

/// <summary>How far an operation is in one tenant.</summary>
internal sealed record OperationPart(Guid OperationId, long TenantId, long Done, EventPlace After, RerateFigures Figures)
{
    private const string Open = """
        select tenant_id, done, after_transaction, after_ordinal, figures::text from operation_tenants
        where operation_id = $1 and not finished order by tenant_id
        """;

    private const string Move = """
        update operation_tenants set done = $3, after_transaction = $4, after_ordinal = $5, figures = $6, finished = $7
        where tenant_id = $1 and operation_id = $2 and after_transaction = $8 and after_ordinal = $9 and not finished
        """;

    /// <summary>The tenants of an operation that are not finished.</summary>
    public static Task<List<OperationPart>> OpenAsync(NpgsqlDataSource source, Guid operationId, CancellationToken cancellationToken) =>
        source.ListAsync(Open, r => new OperationPart(
            operationId, r.GetInt64(0), r.GetInt64(1), new EventPlace(r.GetGuid(2), r.GetInt32(3)),
            JsonSerializer.Deserialize<RerateFigures>(r.GetString(4), Options)!), cancellationToken, operationId);

    /// <summary>
    /// Moves on to <paramref name="next"/> in the connection's transaction. False when somebody else has moved it meanwhile: then nothing that
    /// was done with it may be committed.
    /// </summary>
    public async Task<bool> MoveAsync(NpgsqlConnection connection, OperationPart next, bool finished, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(Move, connection);
        foreach (var value in new object[] { TenantId, OperationId, next.Done, next.After.TransactionId, next.After.Ordinal })
            command.Parameters.Add(Columns.Parameter(value));
        command.Parameters.Add(new NpgsqlParameter { Value = JsonSerializer.Serialize(next.Figures, Options), NpgsqlDbType = NpgsqlDbType.Jsonb });
        foreach (var value in new object[] { finished, After.TransactionId, After.Ordinal }) command.Parameters.Add(Columns.Parameter(value));
        return await command.ExecuteNonQueryAsync(cancellationToken) == 1;
    }

    /// <summary>Figures as they are stored: figures that follow from others are left out when they are read.</summary>
    internal static readonly JsonSerializerOptions Options = new(PortalJson.Options) { UnmappedMemberHandling = System.Text.Json.Serialization.JsonUnmappedMemberHandling.Skip };
}
