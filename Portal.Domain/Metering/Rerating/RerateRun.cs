using System.Diagnostics;
using Npgsql;
using Portal.Domain.Kernel;
using Portal.Domain.Metering.Corrections;
using Portal.Domain.Metering.Meters;
using Portal.Domain.Wallet;

namespace Portal.Domain.Metering.Rerating;

/// <summary>
/// Posts other prices to the events of one tenant, page by page. What concerns nothing is passed over without a lock; the rest goes in
/// chunks of some milliseconds under the wallet's lock, each committed together with how far it is.
/// </summary>
/// <param name="source">As the application.</param>
/// <param name="wallets">Wallets.</param>
/// <param name="catalogues">The catalogue: of the version that the locked wallet asks for.</param>
/// <param name="pages">Reads the next events after a place.</param>
/// <param name="repricing">Makes what decides.</param>
/// <param name="reason">A sentence for the ledger.</param>
internal sealed class RerateRun(
    NpgsqlDataSource source, Wallets wallets, Catalogues catalogues, EventPages pages,
    Func<Catalogue, WalletDirectory, Repricing> repricing, string reason)
{
    private const int PageSize = 500, MostAtOnce = 50;

    private (long Catalogue, long Directory, Repricing Repricing)? made;
    private PeriodPlan? plan;
    private CostRates? rates;

    // Half of what a lock may last: the rest is for writing.
    private static readonly TimeSpan Decide = TimeSpan.FromMilliseconds(20);

    /// <summary>Goes on from where the part is to its end.</summary>
    public async Task RunAsync(OperationPart part, CancellationToken cancellationToken)
    {
        await PrepareAsync(part.TenantId, cancellationToken);
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            await using var connection = await source.OpenConnectionAsync(cancellationToken);
            var page = await pages(connection, part.TenantId, part.After, PageSize, cancellationToken);
            if (page.Count == 0)
            {
                if (!await part.MoveAsync(connection, part, finished: true, cancellationToken)) throw new OperationElsewhereException();
                return;
            }

            part = await RunAsync(connection, part, page, cancellationToken);
        }
    }

    private async Task<OperationPart> RunAsync(NpgsqlConnection connection, OperationPart part, List<StandingEvent> page, CancellationToken cancellationToken)
    {
        var directory = (await WalletDirectory.ReadAsync(connection, transaction: null, part.TenantId, cancellationToken))!;
        var deciding = Deciding(await catalogues.CurrentAsync(cancellationToken), directory);
        var decided = page.ConvertAll(deciding.Of);
        var running = decided.Exists(repriced => repriced.Posts)
            ? await StandingPieces.RunningAsync(connection, part.TenantId, [.. page.Where(standing => standing.Rated).Select(standing => standing.Place)], cancellationToken)
            : [];
        while (decided.Count > 0)
        {
            var free = decided.TakeWhile(repriced => !repriced.Posts).ToArray();
            decided.RemoveRange(0, free.Length);
            if (free.Length > 0) part = await PassAsync(connection, part, free, cancellationToken);
            if (decided.Count == 0) break;
            var moved = await wallets.RunAsync(part.TenantId, wallet => ChunkAsync(wallet, part, decided, running, cancellationToken), cancellationToken);
            decided.RemoveRange(0, (int)(moved.Value.Done - part.Done));
            part = moved.Value;
        }

        return part;
    }

    private async Task<OperationPart> PassAsync(NpgsqlConnection connection, OperationPart part, Repriced[] free, CancellationToken cancellationToken)
    {
        var figures = free.Aggregate(part.Figures, (sum, repriced) => sum + repriced.Figures(rates!, repriced.Event.Revenue));
        var next = part with { Done = part.Done + free.Length, After = free[^1].Event.Place, Figures = figures };
        return await part.MoveAsync(connection, next, finished: false, cancellationToken) ? next : throw new OperationElsewhereException();
    }

    // Events are decided anew under the lock: a void or an amendment may have come in between.
    private async Task<Result<OperationPart>> ChunkAsync(
        WalletTransaction wallet, OperationPart part, List<Repriced> decided, IReadOnlyList<RunningPlace> running, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        var catalogue = await catalogues.AtLeastAsync(wallet.Clock.CatalogueVersion, cancellationToken);
        var deciding = Deciding(catalogue, wallet.Directory);
        if (wallet.Wallet.HasChanges) await wallet.WriteAsync(cancellationToken); // debts that were settled when the wallet was opened belong to how events stand
        var events = await StandingEvent.FindAsync(
            wallet.Connection, wallet.TenantId, [.. decided.Take(MostAtOnce).Select(repriced => repriced.Event)], cancellationToken);
        var pieces = await StandingPieces.ReadAsync(
            wallet.Connection, wallet.TenantId, [.. events.Where(standing => standing.Rated).Select(standing => standing.Place)], running, cancellationToken);
        var chunk = await RerateChunk.OpenAsync(wallet, catalogue, reason, rates!, pieces, events.ConvertAll(deciding.Of), cancellationToken);
        var next = part;
        foreach (var repriced in chunk.Events)
        {
            if (next != part && clock.Elapsed > Decide) break;
            var revenue = await chunk.PostAsync(repriced, cancellationToken);
            next = next with { Done = next.Done + 1, After = repriced.Event.Place, Figures = next.Figures + revenue };
        }

        await chunk.WriteAsync(cancellationToken);
        return await part.MoveAsync(wallet.Connection, next, finished: false, cancellationToken) ? next : throw new OperationElsewhereException();
    }

    // Made once for each catalogue and directory: a card may have thousands of rates, and the lock does not wait for an index of them.
    private Repricing Deciding(Catalogue catalogue, WalletDirectory directory)
    {
        if (made is { } known && known.Catalogue == catalogue.Version && known.Directory == directory.Version) return known.Repricing;
        var deciding = repricing(catalogue, directory);
        deciding.Plan = plan;
        made = (catalogue.Version, directory.Version, deciding);
        return deciding;
    }

    private async Task PrepareAsync(long tenantId, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        var directory = (await WalletDirectory.ReadAsync(connection, transaction: null, tenantId, cancellationToken))!;
        rates = await CostRates.ReadAsync(connection, directory, cancellationToken);
        plan = await repricing(await catalogues.CurrentAsync(cancellationToken), directory).PlanAsync(connection, cancellationToken);
    }
}

/// <summary>Reads the next events of a tenant after a place.</summary>
internal delegate Task<List<StandingEvent>> EventPages(
    NpgsqlConnection connection, long tenantId, EventPlace after, int limit, CancellationToken cancellationToken);

/// <summary>Another worker has moved the operation on: this one lets go, and what it did in its transaction is not committed.</summary>
public sealed class OperationElsewhereException : Exception
{
    /// <summary>Says so.</summary>
    public OperationElsewhereException()
        : base("Another worker runs this operation.")
    {
    }

    /// <summary>Says so in other words.</summary>
    public OperationElsewhereException(string message)
        : base(message)
    {
    }

    /// <summary>Says so in other words, with a cause.</summary>
    public OperationElsewhereException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
