using System.Collections.Concurrent;
using System.Globalization;
using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Portal.Domain.Wallet;

/// <summary>
/// Tells open pages on every node that a wallet changed. A NOTIFY inside the posting transaction would serialise all commits, so
/// each node gathers the tenants it changed and announces them afterwards, at most four times a second. A lost message costs a
/// second: pages compare the wallet's version too.
/// </summary>
public sealed class WalletSignals
{
    /// <summary>The channel.</summary>
    public const string ChannelName = "portal_wallets";

    private readonly ConcurrentDictionary<long, byte> changed = [];
    private readonly ConcurrentDictionary<long, Action> subscribers = [];
    private readonly Channel<bool> pending = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>A wallet changed and the change is committed.</summary>
    public void Changed(long tenantId)
    {
        if (changed.TryAdd(tenantId, 0)) pending.Writer.TryWrite(true); // one wake-up serves all tenants gathered so far
    }

    /// <summary>Calls <paramref name="onChanged"/> whenever a wallet's change is announced, by any node; dispose to stop.</summary>
    public IDisposable Subscribe(long tenantId, Action onChanged)
    {
        ArgumentNullException.ThrowIfNull(onChanged);
        subscribers.AddOrUpdate(tenantId, onChanged, (_, others) => others + onChanged);
        return new Subscription(this, tenantId, onChanged);
    }

    /// <summary>Someone must look again at everything: the listener was away.</summary>
    internal void AnnounceAll()
    {
        foreach (var subscriber in subscribers.Values) subscriber();
    }

    internal void Announce(long tenantId)
    {
        if (subscribers.TryGetValue(tenantId, out var subscriber)) subscriber();
    }

    internal async Task<long[]> NextAsync(CancellationToken cancellationToken)
    {
        await pending.Reader.ReadAsync(cancellationToken);
        var tenants = changed.Keys.ToArray();
        foreach (var tenant in tenants) changed.TryRemove(tenant, out _);
        return tenants;
    }

    private void Unsubscribe(long tenantId, Action onChanged)
    {
        while (subscribers.TryGetValue(tenantId, out var all))
        {
            var rest = (Action?)Delegate.Remove(all, onChanged);
            var done = rest is null
                ? subscribers.TryRemove(new KeyValuePair<long, Action>(tenantId, all))
                : subscribers.TryUpdate(tenantId, rest, all);
            if (done) return;
        }
    }

    private sealed class Subscription(WalletSignals signals, long tenantId, Action onChanged) : IDisposable
    {
        public void Dispose() => signals.Unsubscribe(tenantId, onChanged);
    }
}

/// <summary>Sends what <see cref="WalletSignals"/> gathered, in transactions of its own.</summary>
public sealed class WalletAnnouncer(NpgsqlDataSource source, WalletSignals signals, ILogger<WalletAnnouncer> log) : BackgroundService
{
    private const int TenantsPerMessage = 500; // a payload holds 8,000 bytes

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                foreach (var part in (await signals.NextAsync(stoppingToken)).Chunk(TenantsPerMessage))
                {
                    await using var command = source.CreateCommand("select pg_notify($1, $2)");
                    command.Parameters.AddWithValue(WalletSignals.ChannelName);
                    command.Parameters.AddWithValue(string.Join(',', part.Select(id => id.ToString(CultureInfo.InvariantCulture))));
                    await command.ExecuteNonQueryAsync(stoppingToken);
                }

                await Task.Delay(TimeSpan.FromMilliseconds(250), stoppingToken);
            }
            catch (NpgsqlException exception)
            {
                log.LogWarning(exception, "Announcing wallet changes failed; pages fall back to comparing versions");
                await Task.Delay(TimeSpan.FromSeconds(1), stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
        }
    }
}

/// <summary>Listens for changes announced by any node and tells this node's pages; everything is looked at again after a reconnect.</summary>
public sealed class WalletListener(NpgsqlDataSource source, WalletSignals signals, ILogger<WalletListener> log) : BackgroundService
{
    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await ListenAsync(stoppingToken);
            }
            catch (NpgsqlException exception)
            {
                log.LogWarning(exception, "The listener for wallet changes lost its connection");
                await Task.Delay(TimeSpan.FromSeconds(1), stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
        }
    }

    private async Task ListenAsync(CancellationToken stoppingToken)
    {
        await using var connection = await source.OpenConnectionAsync(stoppingToken);
        connection.Notification += (_, message) =>
        {
            foreach (var id in message.Payload.Split(',')) signals.Announce(long.Parse(id, CultureInfo.InvariantCulture));
        };
        await using (var listen = new NpgsqlCommand($"listen {WalletSignals.ChannelName}", connection)) await listen.ExecuteNonQueryAsync(stoppingToken);
        signals.AnnounceAll();
        while (true) await connection.WaitAsync(stoppingToken);
    }
}
