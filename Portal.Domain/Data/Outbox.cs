using System.Text.Json;
using Npgsql;
using NpgsqlTypes;

namespace Portal.Domain.Data;

/// <summary>What has to leave the database is written beside its cause and sent by a job after the commit.</summary>
public static class Outbox
{
    /// <summary>Kind of a mail; its payload is <c>{"to","subject","text","html"}</c>.</summary>
    public const string Mail = "mail";

    /// <summary>Kind of a mail about an invoice, written when it is sent; its payload is <c>{"to","invoice","cause"}</c>.</summary>
    public const string InvoiceMail = "invoice";

    /// <summary>Kind of a mail that an automatic top-up has stopped, written when it is sent; its payload is <c>{"to","pool"}</c>.</summary>
    public const string TopUpMail = "top_up";

    private static readonly JsonSerializerOptions Options = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <summary>Adds a message in the transaction of the connection. Tenant 0 is the platform.</summary>
    public static async Task AddAsync(NpgsqlConnection connection, long tenantId, string kind, object payload, CancellationToken cancellationToken)
    {
        const string sql = "insert into outbox (tenant_id, id, kind, payload) values ($1, $2, $3, $4)";
        await using var command = new NpgsqlCommand(sql, connection);
        command.Parameters.Add(Columns.Parameter(tenantId));
        command.Parameters.Add(Columns.Parameter(Guid.CreateVersion7()));
        command.Parameters.Add(Columns.Parameter(kind));
        command.Parameters.Add(new NpgsqlParameter { Value = JsonSerializer.Serialize(payload, Options), NpgsqlDbType = NpgsqlDbType.Jsonb });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Adds a mail; what <paramref name="html"/> says, <paramref name="text"/> says too.</summary>
    public static Task AddMailAsync(
        NpgsqlConnection connection, long tenantId, string to, string subject, string text, string html, CancellationToken cancellationToken) =>
        AddAsync(connection, tenantId, Mail, new { To = to, Subject = subject, Text = text, Html = html }, cancellationToken);
}
