using Portal.Domain.Kernel;
using Portal.Domain.Ledger;
using Portal.Domain.Metering.Intake;
using Portal.Domain.Metering.Meters;
using Portal.Domain.Pricing;
using Portal.Domain.Wallet;

namespace Portal.Domain.Metering.Corrections;

/// <summary>
/// One void. An event with a price of its own gives back all it drew. Where the price looks at a period it gives back what the period costs
/// less without it: where that is less than it drew, the rest stands for what the others now cost; where it is more, the others give back too.
/// </summary>
internal sealed class Voiding(WalletTransaction wallet, StandingEvent standing, UsageEvent measured, CounterCorrection? counted, DateTimeOffset? at)
{
    public async Task<Result<UsageCorrection>> RunAsync(Catalogue catalogue, string reason, bool happened, CancellationToken cancellationToken)
    {
        var (credits, money, quantity) = counted is null
            ? (standing.Credits, standing.Money, standing.Quantity)
            : (counted.Removed.Credits.Amount, counted.Removed.Money, counted.Removed.Quantity);
        var own = Math.Clamp(credits, 0m, standing.Credits);
        if (credits > own) await GivingBack.RunAsync(wallet, catalogue, standing.Key, measured, standing.ConsumerId, credits - own, cancellationToken);

        var posting = UsageCorrections.Begin(wallet, "void", standing, reason, $"void:{standing.Key:N}", at);
        var gone = standing with { Credits = own, Money = money, Quantity = quantity };
        var rating = StandingRating.Of(gone, measured.Rating, withCost: !happened);
        var pieces = await StandingPieces.ReadAsync(wallet.Connection, wallet.TenantId, standing.TransactionId, standing.Ordinal, cancellationToken);
        var taken = own > 0m ? await Unwinding.RunAsync(wallet, posting, standing.Product!, pieces, own, cancellationToken) : [];
        var drawn = credits < 0m ? Amendment.Draw(wallet, posting, standing, standing.Product!, new Overdraw(standing.Meter, -credits, Math.Max(0m, -quantity))) : [];
        await UsageCorrections.BookMoneyAsync(wallet, posting, standing, rating, after: null, cancellationToken);
        UsageCorrections.BookCost(posting, rating, -1);
        var change = drawn.Sum(piece => piece.Credits) - own;
        wallet.CountAllowance(standing.ConsumerId, standing.PoolNamedId, standing.OccurredAt, standing.PostedAt, change);

        var revenue = drawn.Sum(piece => piece.Value) - taken.Sum(part => part.Value) - money;
        var row = new CorrectionRating(
            "void", null, standing.Rated ? -1 : 0, -quantity, change, revenue, -money, -rating.Cost, standing.CostCurrency, standing.AmendedData);
        wallet.SettleDebts();
        await CorrectionRows.WriteAsync(wallet, posting, standing, [row], taken, Count(rating, taken, drawn), cancellationToken);
        if (counted is not null) await counted.WriteAsync(cancellationToken);
        return new UsageCorrection(
            standing.Key, "voided", standing.Credits + change, standing.Revenue + revenue, own, drawn.Sum(piece => piece.Credits), posting.Id);
    }

    private Rollup Count(Rating rating, IReadOnlyList<TakenBack> taken, List<Piece> drawn)
    {
        var rollup = new Rollup();
        if (!standing.Rated) return rollup;
        var key = UsageCorrections.KeyOf(wallet, standing, standing.CostCurrency);
        rollup.Subtract(key, rating, [.. taken.Reverse().Select(part => part.Piece.AsPiece(wallet, part.Credits, part.Value))]);
        if (rating.Lines.Count > 0) key = key with { Model = rating.Lines[0].Model, TokenType = rating.Lines[0].TokenType, Tier = rating.Lines[0].Tier };
        foreach (var piece in drawn) rollup.AddFigures(key with { PoolId = piece.Pool.Id }, 0m, piece.Credits, piece.Value, 0m);
        return rollup;
    }
}
