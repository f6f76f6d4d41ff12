using System.Threading.Channels;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using NpgsqlTypes;
using Portal.Domain.Data;

namespace Portal.Domain.Payments.Sandbox;

/// <summary>
/// Sends the sandbox's webhooks to this node over HTTP, signed, as a provider would, and again with growing pauses until they are taken.
/// </summary>
public sealed class SandboxSender(NpgsqlDataSource source, IHttpClientFactory clients, ILogger<SandboxSender> log) : BackgroundService
{
    /// <summary>Name of the HTTP client it uses.</summary>
    public const string ClientName = "sandbox-webhooks";

    private const int BatchSize = 20;
    private const int MostAttempts = 16;
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(30);
    private readonly Channel<bool> wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>Where this node listens; nothing is sent until it is known.</summary>
    public Uri? Portal { get; set; }

    /// <summary>Something waits to be sent.</summary>
    public void Wake() => wake.Writer.TryWrite(true);

    /// <summary>Sends what is due and answers how many were taken.</summary>
    public async Task<int> SendDueAsync(CancellationToken cancellationToken = default)
    {
        if (Portal is not { } portal) return 0;
        var secret = await SecretAsync(cancellationToken);
        var taken = 0;
        while (true)
        {
            var due = await TakeAsync(cancellationToken);
            foreach (var (id, body) in due)
            {
                if (!await SendAsync(new Uri(portal, "/webhooks/" + SandboxProvider.ProviderKey), secret, body, cancellationToken)) continue;
                await DoneAsync(id, cancellationToken);
                taken++;
            }

            if (due.Count < BatchSize) return taken;
        }
    }

    /// <summary>The secret that signs, of this database alone.</summary>
    internal async Task<string> SecretAsync(CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("select webhook_secret from sandbox_account");
        return (string)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    /// <summary>Writes an event to send, in the transaction of what it tells.</summary>
    internal static Task<int> AddAsync(PortalDbContext db, SandboxEvent message, CancellationToken cancellationToken) =>
        db.Database.ExecuteSqlAsync($"insert into sandbox_events (id, body) values ({message.Id}, {message.ToBytes()})", cancellationToken);

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await SendDueAsync(stoppingToken);
                using var pause = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
                pause.CancelAfter(Pause);
                await wake.Reader.ReadAsync(pause.Token);
            }
            catch (NpgsqlException exception)
            {
                log.LogWarning(exception, "The sandbox's webhooks could not be read");
                await Task.Delay(TimeSpan.FromSeconds(1), stoppingToken);
            }
            catch (OperationCanceledException) when (!stoppingToken.IsCancellationRequested)
            {
                // The pause is over: look for what is due again.
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private async Task<bool> SendAsync(Uri address, string secret, byte[] body, CancellationToken cancellationToken)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, address) { Content = new ByteArrayContent(body) };
            request.Content.Headers.ContentType = new("application/json");
            request.Headers.Add(SandboxSignature.Header, SandboxSignature.Sign(secret, TimeProvider.System.GetUtcNow(), body));
            using var client = clients.CreateClient(ClientName);
            using var response = await client.SendAsync(request, cancellationToken);
            if (response.IsSuccessStatusCode) return true;
            log.LogWarning("The sandbox's webhook was answered {Status}", (int)response.StatusCode);
        }
        catch (Exception exception) when (exception is HttpRequestException or TaskCanceledException && !cancellationToken.IsCancellationRequested)
        {
            log.LogInformation("The sandbox's webhook did not arrive: {Reason}", exception.Message);
        }

        return false;
    }

    private async Task<List<(string Id, byte[] Body)>> TakeAsync(CancellationToken cancellationToken)
    {
        const string sql = """
            update sandbox_events e set attempts = attempts + 1, due_at = now() + least(interval '2 seconds' * power(2, attempts), interval '1 hour')
            from (select id from sandbox_events where delivered_at is null and due_at <= now() and attempts < $1 order by due_at limit $2 for update skip locked) due
            where e.id = due.id returning e.id, e.body
            """;
        await using var command = source.CreateCommand(sql);
        command.Parameters.AddWithValue(MostAttempts);
        command.Parameters.AddWithValue(BatchSize);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var due = new List<(string, byte[])>();
        while (await reader.ReadAsync(cancellationToken)) due.Add((reader.GetString(0), reader.GetFieldValue<byte[]>(1)));
        return due;
    }

    private async Task DoneAsync(string id, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("update sandbox_events set delivered_at = now() where id = $1");
        command.Parameters.AddWithValue(NpgsqlDbType.Text, id);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
