using System.Data;
using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Metering.Corrections;
using Portal.Domain.Metering.Meters;
using Portal.Domain.Wallet;

namespace Portal.Domain.Metering.Rerating;

/// <summary>
/// Shows what other prices would come to for one tenant: the same decisions on the same wallet, in memory, in a snapshot in which nothing
/// can be written. It waits for nobody and nobody waits for it.
/// </summary>
internal sealed class ReratePreview(
    NpgsqlDataSource source, Catalogues catalogues, IDebtAttribution attribution, DueWork dueWork, EventPages pages,
    Func<Catalogue, WalletDirectory, Repricing> repricing)
{
    private const int PageSize = 500;

    /// <summary>Looks at the whole period; how far it is can be read meanwhile. Interrupted it begins anew, since what it drew was never written.</summary>
    public async Task RunAsync(OperationPart part, CancellationToken cancellationToken)
    {
        await using var progress = await source.OpenConnectionAsync(cancellationToken);
        var begun = part with { Done = 0, After = EventPlace.Start, Figures = new RerateFigures() };
        if (!await part.MoveAsync(progress, begun, finished: false, cancellationToken)) throw new OperationElsewhereException();
        part = begun;
        await using var wallet = await SnapshotAsync(part.TenantId, cancellationToken);
        var deciding = repricing(await catalogues.AtLeastAsync(wallet.Clock.CatalogueVersion, cancellationToken), wallet.Directory);
        var rates = await CostRates.ReadAsync(wallet.Connection, wallet.Directory, cancellationToken);
        deciding.Plan = await deciding.PlanAsync(wallet.Connection, cancellationToken);
        while (await pages(wallet.Connection, part.TenantId, part.After, PageSize, cancellationToken) is { Count: > 0 } page)
        {
            var figures = part.Figures;
            var decided = page.ConvertAll(deciding.Of);
            EventPlace[] places = [.. decided.Where(repriced => repriced.Posts && repriced.Event.Rated).Select(repriced => repriced.Event.Place)];
            var running = await StandingPieces.RunningAsync(wallet.Connection, part.TenantId, places, cancellationToken);
            var pieces = await StandingPieces.ReadAsync(wallet.Connection, part.TenantId, places, running, cancellationToken);
            foreach (var repriced in decided) figures += await FiguresAsync(wallet, repriced, pieces, rates, cancellationToken);
            var next = part with { Done = part.Done + page.Count, After = page[^1].Place, Figures = figures };
            if (!await part.MoveAsync(progress, next, finished: false, cancellationToken)) throw new OperationElsewhereException();
            part = next;
            wallet.Wallet.Written(); // what it would have posted is of no use
        }

        if (!await part.MoveAsync(progress, part, finished: true, cancellationToken)) throw new OperationElsewhereException();
    }

    private static async Task<RerateFigures> FiguresAsync(
        WalletTransaction wallet, Repriced repriced, ILookup<EventPlace, StandingPiece> pieces, CostRates rates, CancellationToken cancellationToken)
    {
        if (repriced.Waiting is not null) return new RerateFigures(); // what its period comes to is known when it is posted
        var revenue = repriced.Posts
            ? (await repriced.AmendmentIn(wallet, pieces).DecideAsync("preview", new Rollup(), cancellationToken)).Correction.Revenue
            : repriced.Event.Revenue;
        return repriced.Figures(rates, revenue);
    }

    private async Task<WalletTransaction> SnapshotAsync(long tenantId, CancellationToken cancellationToken)
    {
        var connection = await source.OpenConnectionAsync(cancellationToken);
        try
        {
            var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken);
            await connection.ExecuteAsync("set transaction read only", cancellationToken);
            await using var batch = new NpgsqlBatch(connection, transaction);
            WalletReader.AddUnlockedTo(batch, tenantId);
            WalletState state;
            PostingClock clock;
            await using (var reader = await batch.ExecuteReaderAsync(cancellationToken))
            {
                (var wallets, clock) = await WalletReader.ReadAsync(reader, cancellationToken);
                state = wallets[tenantId];
            }

            var directory = (await WalletDirectory.ReadAsync(connection, transaction, tenantId, cancellationToken))!;
            state.Overage = directory.Terms?.At(state.Now);
            return new WalletTransaction(connection, transaction, state, directory, clock, attribution, dueWork);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }
}
