using Microsoft.Extensions.Logging;
using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Wallet;

namespace Portal.Domain.Tenants;

/// <summary>Finishes moves between tenants of which only the first half was done.</summary>
public sealed class TenantMoves(NpgsqlDataSource source, Wallets wallets, ILogger<TenantMoves> log)
{
    /// <summary>
    /// Lets every open move arrive, each in its own transaction; one that fails is logged, stays listed by the reconciliation and is tried again
    /// by the next run. Safe to run twice, and on several nodes at once.
    /// </summary>
    /// <param name="fromTenantId">Only what left that tenant; null: all.</param>
    /// <param name="cancellationToken">Stops between two moves.</param>
    /// <returns>How many have arrived.</returns>
    public async Task<int> FinishAsync(long? fromTenantId = null, CancellationToken cancellationToken = default)
    {
        var open = await source.ListAsync(
            "select tenant_id, id, into_tenant_id from open_moves where $1 = 0 or tenant_id = $1 order by tenant_id, id",
            row => new OpenMove(row.GetInt64(0), row.GetGuid(1), row.GetInt64(2)), cancellationToken, fromTenantId ?? 0L);
        var arrived = 0;
        foreach (var move in open)
        {
            if (await TryArriveAsync(move, cancellationToken)) arrived++;
        }

        return arrived;
    }

    private async Task<bool> TryArriveAsync(OpenMove move, CancellationToken cancellationToken)
    {
        try
        {
            var result = await wallets.RunAsync(move.Into, wallet => MergeArrival.ArriveAsync(wallet, move.From, move.Id, cancellationToken), cancellationToken);
            if (result.Problem is { } problem) log.LogError("Move {Move} of tenant {From} cannot arrive in {Into}: {Code}", move.Id, move.From, move.Into, problem.Code);
            return result.Succeeded;
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            log.LogError(exception, "Move {Move} of tenant {From} did not arrive in {Into}", move.Id, move.From, move.Into);
            return false;
        }
    }

    private sealed record OpenMove(long From, Guid Id, long Into);
}
