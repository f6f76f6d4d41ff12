using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Npgsql;
using NpgsqlTypes;
using Portal.Domain.Kernel;
using Portal.Domain.Payments.Saved;

namespace Portal.Domain.Payments;

/// <summary>
/// Where providers' webhooks land, once per event identity, before anything is done about them. A message is verified as it arrives and
/// worked off afterwards, here at once and by a job for what failed or was left by a process that died.
/// </summary>
public sealed class WebhookInbox(NpgsqlDataSource source, PaymentProviders providers, IncomingMoney money, PaymentMethods methods, ILogger<WebhookInbox> log)
{
    /// <summary>Greatest size of a webhook in bytes.</summary>
    public const int MaxBytes = 1024 * 1024;

    private const int MostAttempts = 20;
    private const int BatchSize = 50;
    private readonly Channel<bool> arrived = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>
    /// Verifies what came and keeps its messages. A repeat is a success that changes nothing. Refuses, and keeps nothing:
    /// <c>unknown_provider</c>, <c>invalid_signature</c>, <c>invalid_payload</c>.
    /// </summary>
    /// <returns>What the body of the answer has to say.</returns>
    public async Task<Result<string>> ReceiveAsync(
        string providerKey, Func<string, string?> header, ReadOnlyMemory<byte> body, CancellationToken cancellationToken = default)
    {
        if (providers.Find(providerKey) is not { } provider) return Problem.NotFound("unknown_provider", $"There is no payment provider '{providerKey}'.");
        var messages = await provider.VerifyAsync(header, body, cancellationToken);
        if (messages.Problem is { } problem) return problem;
        await using var command = source.CreateCommand(
            "insert into webhook_inbox (provider, event_id, body) select $1, i.id, i.body from unnest($2::text[], $3::bytea[]) i(id, body) on conflict do nothing");
        command.Parameters.AddWithValue(providerKey);
        command.Parameters.AddWithValue(messages.Value.Select(message => message.Id).ToArray());
        command.Parameters.AddWithValue(NpgsqlDbType.Array | NpgsqlDbType.Bytea, messages.Value.Select(message => message.Body.ToArray()).ToArray());
        if (await command.ExecuteNonQueryAsync(cancellationToken) > 0) arrived.Writer.TryWrite(true);
        return provider.WebhookAnswer;
    }

    /// <summary>Works off all that is due and answers how many messages that were. Safe to run at any time, on several nodes, twice.</summary>
    public async Task<int> ProcessDueAsync(CancellationToken cancellationToken = default)
    {
        for (var total = 0; ;)
        {
            var taken = await TakeAsync(cancellationToken);
            foreach (var message in taken) await ProcessAsync(message, cancellationToken);
            total += taken.Count;
            if (taken.Count < BatchSize) return total;
        }
    }

    /// <summary>Waits until a message arrived at this node.</summary>
    internal async Task WaitAsync(CancellationToken cancellationToken) => await arrived.Reader.ReadAsync(cancellationToken);

    // Taking a message puts its next try off, so that one whose process dies is tried again, and no two try at once.
    private async Task<List<Message>> TakeAsync(CancellationToken cancellationToken)
    {
        const string sql = """
            update webhook_inbox w set attempts = attempts + 1, due_at = now() + least(interval '1 minute' * power(2, attempts), interval '6 hours')
            from (select provider, event_id from webhook_inbox where state = 'new' and due_at <= now() order by due_at limit $1 for update skip locked) due
            where w.provider = due.provider and w.event_id = due.event_id
            returning w.provider, w.event_id, w.body, w.attempts
            """;
        await using var command = source.CreateCommand(sql);
        command.Parameters.AddWithValue(BatchSize);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var messages = new List<Message>();
        while (await reader.ReadAsync(cancellationToken))
            messages.Add(new Message(reader.GetString(0), reader.GetString(1), reader.GetFieldValue<byte[]>(2), reader.GetInt32(3)));
        return messages;
    }

    private async Task ProcessAsync(Message message, CancellationToken cancellationToken)
    {
        try
        {
            var result = await BookAsync(message, cancellationToken);
            await SettleAsync(message, result.Problem is null ? "done" : "failed", result.Problem?.Detail, result.Problem is null ? result.Value : null, cancellationToken);
            if (result.Problem is { } problem) log.LogError("Webhook {Provider} {Event} cannot be booked: {Code}", message.Provider, message.EventId, problem.Code);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            log.LogError(exception, "Webhook {Provider} {Event} failed, try {Attempt}", message.Provider, message.EventId, message.Attempts);
            await SettleAsync(message, message.Attempts >= MostAttempts ? "failed" : "new", exception.Message, tenant: null, cancellationToken);
        }
    }

    private async Task<Result<long?>> BookAsync(Message message, CancellationToken cancellationToken)
    {
        if (providers.Find(message.Provider) is not { } provider) return Problem.NotFound("unknown_provider", $"The provider '{message.Provider}' is no longer set up.");
        var read = await provider.ReadAsync(message.Body, cancellationToken);
        if (read.Problem is { } problem) return problem;
        if (read.Value.MethodOf is { } page) return await methods.TakeAsync(message.Provider, page, cancellationToken);
        return read.Value.Payment is { } report ? await money.TakeAsync(message.Provider, report, cancellationToken) : (long?)null;
    }

    private async Task SettleAsync(Message message, string state, string? error, long? tenant, CancellationToken cancellationToken)
    {
        const string sql = """
            update webhook_inbox set state = $3, error = $4, tenant = $5, done_at = case when $3 = 'done' then now() end where provider = $1 and event_id = $2
            """;
        await using var command = source.CreateCommand(sql);
        command.Parameters.AddWithValue(message.Provider);
        command.Parameters.AddWithValue(message.EventId);
        command.Parameters.AddWithValue(state);
        command.Parameters.AddWithValue(NpgsqlDbType.Text, (object?)error ?? DBNull.Value);
        command.Parameters.AddWithValue(NpgsqlDbType.Bigint, (object?)tenant ?? DBNull.Value);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private sealed record Message(string Provider, string EventId, byte[] Body, int Attempts);
}
