using Microsoft.Extensions.Logging;
using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;

namespace Portal.Domain.Wallet;

/// <summary>Settles the wallets that nobody touches when something falls due for them: expiries of grants and holds.</summary>
public sealed class DueWallets(NpgsqlDataSource source, Wallets wallets, ILogger<DueWallets> log)
{
    private const int AtOnce = 500;

    private const string Due = """
        select w.tenant_id from wallets w, platform p
        where w.next_due_at <= now() + p.clock_offset and w.tenant_id > $1 order by w.tenant_id limit $2
        """;

    /// <summary>
    /// Settles all that is due by business time, each wallet in its own transaction; one that fails is logged and left for the next run.
    /// Safe to run twice, and on several nodes at once.
    /// </summary>
    /// <returns>How many wallets were settled.</returns>
    public async Task<int> SettleAsync(CancellationToken cancellationToken = default)
    {
        for (var (settled, last) = (0, 0L); ;)
        {
            var due = await source.ListAsync(Due, row => row.GetInt64(0), cancellationToken, last, AtOnce);
            foreach (var tenant in due)
            {
                if (!await TrySettleAsync(tenant, cancellationToken)) continue;
                settled++;
                Telemetry.WalletsSettled.Add(1);
            }

            if (due.Count < AtOnce) return settled;
            last = due[^1];
        }
    }

    private async Task<bool> TrySettleAsync(long tenant, CancellationToken cancellationToken)
    {
        try
        {
            return (await wallets.SettleAsync(tenant, cancellationToken)).Succeeded;
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            log.LogError(exception, "The wallet of tenant {Tenant} could not be settled", tenant);
            return false;
        }
    }
}
