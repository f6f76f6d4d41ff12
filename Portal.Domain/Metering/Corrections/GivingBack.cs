using Portal.Domain.Metering.Counters;
using Portal.Domain.Metering.Intake;
using Portal.Domain.Metering.Meters;
using Portal.Domain.Pricing;
using Portal.Domain.Pricing.Rates;
using Portal.Domain.Wallet;

namespace Portal.Domain.Metering.Corrections;

/// <summary>
/// Gives back credits that earlier events of a period drew, because all of the period's usage costs less now (a volume price whose next
/// tier is cheaper, an event taken out): last drawn first (domain.md §6). Each event keeps its facts and gets a rating of kind
/// <c>reprice</c> with what it lost.
/// </summary>
internal static class GivingBack
{
    /// <summary>Takes credits back for an event that is about to be taken or corrected, and writes it.</summary>
    /// <param name="wallet">The tenant's wallet; what it decided so far is written too.</param>
    /// <param name="catalogue">What measures the events.</param>
    /// <param name="key">The event's identity: it gives back what it drew itself, before.</param>
    /// <param name="cause">The event: its meter, its rating's lines, when it happened.</param>
    /// <param name="consumerId">Its consumer.</param>
    /// <param name="credits">How many; above 0.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public static async Task RunAsync(
        WalletTransaction wallet, Catalogue catalogue, Guid key, UsageEvent cause, int consumerId, decimal credits, CancellationToken cancellationToken)
    {
        var rate = cause.OpenRating!.Lines.First(line => line.Rate is { InCredits: true } own && own.NeedsCounter(cause.OpenRating.Open!.Value)).Rate!;
        var period = (await MeteredPeriods.ReadAsync(wallet.Connection, wallet.TenantId, wallet.Directory.Zone, cancellationToken)).Of(cause.OccurredAt);
        await wallet.WriteAsync(cancellationToken); // debts settled by now belong to how the events stand
        var events = new PeriodEvents(wallet, catalogue, rate.Meter, period, rate.Price.Scope == PriceScope.Consumer ? consumerId : 0);
        await foreach (var earlier in events.ReadAsync(cancellationToken))
        {
            if (earlier.Key == key || earlier.Credits <= 0m || LineOf(earlier.Usage, rate) is not { } covered) continue;
            var standing = (await StandingEvent.FindAsync(wallet.Connection, wallet.TenantId, earlier.Key, cancellationToken))!;
            credits -= await TakeAsync(wallet, standing, covered, Math.Min(credits, standing.Credits), cancellationToken);
            if (credits == 0m) return;
        }
    }

    // The quantity of an event that the same rate prices; null when none is.
    private static DimensionSet? LineOf(UsageEvent usage, Rate rate)
    {
        foreach (var line in usage.Rating?.Lines ?? [])
        {
            if (line.Rate is { } own && own.Match.Equals(rate.Match) && own.Unit == rate.Unit) return line.Dimensions;
        }

        return null;
    }

    private static async Task<decimal> TakeAsync(
        WalletTransaction wallet, StandingEvent standing, DimensionSet dimensions, decimal credits, CancellationToken cancellationToken)
    {
        var posting = UsageCorrections.Begin(wallet, "repricing", standing, "The period's usage costs less by now.");
        var pieces = await StandingPieces.ReadAsync(wallet.Connection, wallet.TenantId, standing.TransactionId, standing.Ordinal, cancellationToken);
        var taken = await Unwinding.RunAsync(wallet, posting, standing.Product!, pieces, credits, cancellationToken);
        wallet.CountAllowance(standing.ConsumerId, standing.PoolNamedId, standing.OccurredAt, standing.PostedAt, -credits);
        var rollup = new Rollup();
        var row = UsageCorrections.KeyOf(wallet, standing, standing.CostCurrency) with { Model = dimensions.Model, TokenType = dimensions.TokenType, Tier = dimensions.Tier };
        foreach (var part in taken) rollup.AddFigures(row with { PoolId = part.Piece.PoolId }, 0m, -part.Credits, -part.Value, 0m);
        wallet.SettleDebts();
        await CorrectionRows.WriteAsync(
            wallet, posting, standing,
            [new CorrectionRating("reprice", null, 0, 0m, -credits, -taken.Sum(part => part.Value), 0m, 0m, null, standing.AmendedData)], taken, rollup, cancellationToken);
        return credits;
    }
}
