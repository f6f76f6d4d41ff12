using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;

namespace Portal.Domain.Notifications;

/// <summary>
/// Sends what waits in the outbox. A message is taken before it is sent and marked afterwards, so one whose sender dies is sent again:
/// at least once. What was sent keeps no payload, since mails carry links that let people in.
/// </summary>
public sealed class OutboxDrain(NpgsqlDataSource source, IMailTransport mail, InvoiceMails invoices, TopUpMails topUps, ILogger<OutboxDrain> log)
{
    /// <summary>Tries before a message is given up, over about two days.</summary>
    public const int MostAttempts = 12;

    private const int AtOnce = 20;

    // Taking a message puts its next try off, so that no two senders try at once.
    private const string Take = """
        update outbox o set attempts = o.attempts + 1, due_at = now() + least(interval '1 minute' * power(2, o.attempts), interval '6 hours')
        from (
          select tenant_id, id from outbox where done_at is null and failed_at is null and due_at <= now()
          order by due_at limit $1 for update skip locked
        ) due
        where o.tenant_id = due.tenant_id and o.id = due.id
        returning o.tenant_id, o.id, o.kind, o.payload::text, o.attempts
        """;

    private sealed record Message(long TenantId, Guid Id, string Kind, string Payload, int Attempts);

    private sealed record MailPayload(string To, string Subject, string Text, string Html);

    /// <summary>Sends all that is due; answers how many messages were sent. Safe to run twice, and on several nodes at once.</summary>
    public async Task<int> RunAsync(CancellationToken cancellationToken = default)
    {
        for (var sent = 0; ;)
        {
            var taken = await source.ListAsync(Take, Read, cancellationToken, AtOnce);
            foreach (var message in taken)
            {
                if (await TrySendAsync(message, cancellationToken)) sent++;
            }

            if (taken.Count < AtOnce) return sent;
        }
    }

    private async Task<bool> TrySendAsync(Message message, CancellationToken cancellationToken)
    {
        string outcome;
        try
        {
            await SendAsync(message, cancellationToken);
            const string sql = "update outbox set done_at = now(), error = null, payload = '{}' where tenant_id = $1 and id = $2";
            await ExecuteAsync(sql, CancellationToken.None, message.TenantId, message.Id); // sent is sent, even while stopping
            outcome = "sent";
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            outcome = message.Attempts >= MostAttempts ? "failed" : "put off";
            log.LogWarning(exception, "Outbox message {Message} ({Kind}) of tenant {Tenant} could not be sent, try {Attempt}: {Outcome}",
                message.Id, message.Kind, message.TenantId, message.Attempts, outcome);
            const string sql = "update outbox set error = $3, failed_at = case when $4 then now() end where tenant_id = $1 and id = $2";
            await ExecuteAsync(sql, cancellationToken, message.TenantId, message.Id, exception.Message, outcome == "failed");
        }

        Telemetry.OutboxMessages.Add(1, new KeyValuePair<string, object?>("kind", message.Kind), new KeyValuePair<string, object?>("outcome", outcome));
        return outcome == "sent";
    }

    private async Task SendAsync(Message message, CancellationToken cancellationToken)
    {
        if (await WriteAsync(message, cancellationToken) is { } written) await mail.SendAsync(written, cancellationToken);
    }

    // Null when there is nothing to say any more.
    private async Task<Mail?> WriteAsync(Message message, CancellationToken cancellationToken)
    {
        switch (message.Kind)
        {
            case Outbox.Mail:
                var payload = JsonSerializer.Deserialize<MailPayload>(message.Payload, PortalJson.Options)!;
                return new Mail(payload.To, payload.Subject, payload.Text, payload.Html);
            case Outbox.InvoiceMail:
                return await invoices.WriteAsync(message.TenantId, JsonSerializer.Deserialize<InvoiceMail>(message.Payload, PortalJson.Options)!, cancellationToken);
            case Outbox.TopUpMail:
                return await topUps.WriteAsync(message.TenantId, JsonSerializer.Deserialize<TopUpMail>(message.Payload, PortalJson.Options)!, cancellationToken);
            default:
                throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"Nothing sends messages of kind '{message.Kind}'."));
        }
    }

    private async Task ExecuteAsync(string sql, CancellationToken cancellationToken, params object?[] parameters)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(sql, cancellationToken, parameters);
    }

    private static Message Read(NpgsqlDataReader row) => new(row.GetInt64(0), row.GetGuid(1), row.GetString(2), row.GetString(3), row.GetInt32(4));
}
