using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;

namespace Portal.Domain.Wallet;

/// <summary>
/// Settles the wallets that nobody touches when something falls due for them: expiries of grants and holds, renewals, invoices. What is due at
/// once is a run: its wallets are listed, several are settled at once, each in a transaction of its own that also says that it is done. Nodes
/// that settle at the same time share the run, and who comes after a kill goes on with what still waits.
/// </summary>
public sealed class DueWallets(NpgsqlDataSource source, Wallets wallets, IOptions<DueOptions> options, ILogger<DueWallets> log) : IDisposable
{
    private const int Page = 500;
    private readonly SemaphoreSlim turn = new(1);

    private enum Fate
    {
        Settled,
        Elsewhere,
        Failed,
    }

    /// <summary>Settles what is due, unless this process is at it already.</summary>
    public async Task TakeTurnAsync(CancellationToken cancellationToken = default)
    {
        if (!await turn.WaitAsync(TimeSpan.Zero, cancellationToken)) return;
        try
        {
            await SettleAsync(cancellationToken);
        }
        finally
        {
            turn.Release();
        }
    }

    /// <summary>
    /// Settles all that is due by business time; returns when it is done, whoever did it. A wallet that fails is logged and left for the next
    /// run. Safe to run twice, and on several nodes at once.
    /// </summary>
    /// <returns>How many wallets were settled here.</returns>
    public async Task<int> SettleAsync(CancellationToken cancellationToken = default)
    {
        var (settled, failed) = (0, new HashSet<long>());
        while (await DueRunRows.JoinAsync(source, [.. failed], cancellationToken) is (var run, var isNew))
        {
            settled += await WorkOffAsync(run, wait: false, failed, cancellationToken);
            settled += await WorkOffAsync(run, wait: true, failed, cancellationToken); // what others were at, in case they are gone
            await DueRunRows.FinishAsync(source, run, cancellationToken);
            if (isNew) break; // what fell due since is the next run's
        }

        return settled;
    }

    /// <inheritdoc />
    public void Dispose() => turn.Dispose();

    private async Task<int> WorkOffAsync(Guid run, bool wait, HashSet<long> failed, CancellationToken cancellationToken)
    {
        var settled = 0;
        while (await DueRunRows.WaitingAsync(source, run, free: !wait, Page, cancellationToken) is { Length: > 0 } waiting)
        {
            Random.Shared.Shuffle(waiting); // nodes begin at different places
            var limits = new ParallelOptions { MaxDegreeOfParallelism = Math.Clamp(options.Value.WalletsAtOnce, 1, 32), CancellationToken = cancellationToken };
            await Parallel.ForEachAsync(waiting, limits, async (tenant, token) =>
            {
                var fate = await SettleOneAsync(run, tenant, wait, token);
                if (fate == Fate.Settled) Interlocked.Increment(ref settled);
                if (fate != Fate.Failed) return;
                lock (failed) failed.Add(tenant);
            });
        }

        return settled;
    }

    private async Task<Fate> SettleOneAsync(Guid run, long tenant, bool wait, CancellationToken cancellationToken)
    {
        try
        {
            var settled = await wallets.RunAsync<bool>(
                tenant,
                async connection => await DueRunRows.ClaimAsync(connection, run, tenant, wait, cancellationToken) ? null : false,
                async wallet =>
                {
                    await DueRunRows.DoneAsync(wallet, run, cancellationToken);
                    return true;
                },
                cancellationToken);
            if (settled is { Succeeded: true, Value: false }) return Fate.Elsewhere;
            if (settled.Succeeded) Telemetry.WalletsSettled.Add(1);
            else await DueRunRows.FailAsync(source, run, tenant, settled.Problem!.Detail, cancellationToken);
            return settled.Succeeded ? Fate.Settled : Fate.Failed;
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            log.LogError(exception, "The wallet of tenant {Tenant} could not be settled", tenant);
            await DueRunRows.FailAsync(source, run, tenant, exception.Message, cancellationToken);
            return Fate.Failed;
        }
    }
}
