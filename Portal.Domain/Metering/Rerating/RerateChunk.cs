using Npgsql;
using Portal.Domain.Metering.Corrections;
using Portal.Domain.Metering.Counters;
using Portal.Domain.Metering.Meters;
using Portal.Domain.Pricing;
using Portal.Domain.Pricing.Rates;
using Portal.Domain.Wallet;

namespace Portal.Domain.Metering.Rerating;

/// <summary>Some events of one wallet under its lock: decided one after the other, written together.</summary>
internal sealed class RerateChunk
{
    private readonly WalletTransaction wallet;
    private readonly Catalogue catalogue;
    private readonly string reason;
    private readonly CostRates rates;
    private readonly ILookup<EventPlace, StandingPiece> pieces;
    private readonly PriceCounters? counters;
    private readonly List<CorrectionOfEvent> rows = [];
    private readonly List<CounterMove> moves = [];
    private Rollup rollup = new();

    private RerateChunk(
        WalletTransaction wallet, Catalogue catalogue, string reason, CostRates rates, ILookup<EventPlace, StandingPiece> pieces, IReadOnlyList<Repriced> events,
        PriceCounters? counters) =>
        (this.wallet, this.catalogue, this.reason, this.rates, this.pieces, Events, this.counters) = (wallet, catalogue, reason, rates, pieces, events, counters);

    /// <summary>The events, in the order posted.</summary>
    public IReadOnlyList<Repriced> Events { get; }

    /// <summary>Reads the counters that first ratings wait for.</summary>
    public static async Task<RerateChunk> OpenAsync(
        WalletTransaction wallet, Catalogue catalogue, string reason, CostRates rates, ILookup<EventPlace, StandingPiece> pieces, IReadOnlyList<Repriced> events,
        CancellationToken cancellationToken)
    {
        var waiting = events.Where(repriced => repriced.Waiting is not null)
            .Select(repriced => new CountedEvent(repriced.Waiting!.OpenRating!, repriced.Event.ConsumerId, repriced.Event.OccurredAt)).ToArray();
        var counters = waiting.Length == 0
            ? null
            : await PriceCounters.ReadAsync(wallet.Connection, wallet.TenantId, wallet.Directory.Zone, waiting, cancellationToken);
        return new RerateChunk(wallet, catalogue, reason, rates, pieces, events, counters);
    }

    /// <summary>Posts what becomes of an event, in memory, and answers its figures.</summary>
    public async Task<RerateFigures> PostAsync(Repriced repriced, CancellationToken cancellationToken)
    {
        if (repriced.Waiting is not null) repriced = await CountAsync(repriced, cancellationToken);
        var revenue = repriced.Event.Revenue;
        if (repriced.Posts)
        {
            var amendment = await repriced.AmendmentIn(wallet, pieces).DecideAsync(reason, rollup, cancellationToken);
            rows.Add(amendment.Rows);
            moves.AddRange(repriced.Moves);
            revenue = amendment.Correction.Revenue;
        }

        return repriced.Figures(rates, revenue);
    }

    /// <summary>Settles debts with what came back and writes it all.</summary>
    public async Task WriteAsync(CancellationToken cancellationToken)
    {
        foreach (var end in counters?.ToClose.Values.ToArray() ?? []) wallet.Wallet.DueNoLaterThan(end > wallet.Now ? end : wallet.Now);
        wallet.SettleDebts();
        await FlushAsync(cancellationToken);
        await using var batch = new NpgsqlBatch(wallet.Connection, wallet.Transaction);
        counters?.AddTo(batch);
        CounterMove.AddTo(batch, wallet.TenantId, moves);
        if (batch.BatchCommands.Count > 0) await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    // Priced by what its period has come to, as if it were sent now. Where the period costs less for it, earlier events give back.
    private async Task<Repriced> CountAsync(Repriced repriced, CancellationToken cancellationToken)
    {
        var (standing, usage) = (repriced.Event, repriced.Waiting!);
        var rating = Rater.Complete(usage.OpenRating!, counters!.Of(standing.ConsumerId, standing.OccurredAt));
        if (!rating.Rated)
        {
            counters.Undo();
            return new Repriced(standing, RepricedAs.Nothing);
        }

        if (rating.Credits.Amount < 0m)
        {
            await FlushAsync(cancellationToken); // what this chunk drew may have to be given back
            await GivingBack.RunAsync(wallet, catalogue, standing.Key, usage, standing.ConsumerId, -rating.Credits.Amount, cancellationToken);
            rating = rating.WithoutCredits();
        }

        return repriced with { Target = rating, Waiting = null };
    }

    private async Task FlushAsync(CancellationToken cancellationToken)
    {
        if (rows.Count == 0) return;
        await CorrectionRows.WriteAsync(wallet, rows, rollup, cancellationToken);
        rows.Clear();
        rollup = new Rollup();
    }
}
