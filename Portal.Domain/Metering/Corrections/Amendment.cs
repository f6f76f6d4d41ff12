using System.Text;
using Portal.Domain.Kernel;
using Portal.Domain.Ledger;
using Portal.Domain.Metering.Intake;
using Portal.Domain.Pricing;
using Portal.Domain.Wallet;

namespace Portal.Domain.Metering.Corrections;

/// <summary>One amendment: from what an event stands on to what its amended data come to.</summary>
internal sealed class Amendment(WalletTransaction wallet, StandingEvent standing, UsageEvent amended, Rating? measured)
{
    private readonly Rating target = amended.Rating!;

    public async Task<Result<UsageCorrection>> RunAsync(string reason, CancellationToken cancellationToken)
    {
        var posting = UsageCorrections.Begin(wallet, "amendment", standing, reason);
        var before = StandingRating.Of(standing, measured, withCost: true);
        var pieces = await StandingPieces.ReadAsync(wallet.Connection, wallet.TenantId, standing.TransactionId, standing.Ordinal, cancellationToken);
        var difference = target.Credits.Amount - standing.Credits;
        var taken = difference < 0m ? await Unwinding.RunAsync(wallet, posting, standing.Product!, pieces, -difference, cancellationToken) : [];
        var drawn = difference > 0m ? Draw(posting, difference) : [];
        UsageCorrections.BookMoney(wallet, posting, standing, target.Money - standing.Money);
        UsageCorrections.BookCost(posting, before, -1);
        UsageCorrections.BookCost(posting, target, 1);
        wallet.CountAllowance(standing.ConsumerId, standing.PoolNamedId, standing.OccurredAt, standing.PostedAt, difference);

        var revenue = standing.Revenue - taken.Sum(part => part.Value) + drawn.Sum(piece => piece.Value) + target.Money - standing.Money;
        var (from, to) = Pieces(pieces, taken, drawn);
        var rollup = new Rollup();
        if (standing.Rated) Count(rollup, UsageCorrections.KeyOf(wallet, standing, standing.CostCurrency), before, from, standing.Revenue, -1);
        Count(rollup, UsageCorrections.KeyOf(wallet, standing, target.CostCurrency), target, to, revenue, 1);
        wallet.SettleDebts();
        await CorrectionRows.WriteAsync(wallet, posting, standing, Ratings(before, revenue), taken, rollup, cancellationToken);
        return new UsageCorrection(
            standing.Key, "amended", target.Credits.Amount, revenue, taken.Sum(part => part.Credits), drawn.Sum(piece => piece.Credits), posting.Id);
    }

    // Two rows: out with what it was, in with what it is, so that a change of model moves its figures from one to the other.
    private List<CorrectionRating> Ratings(Rating before, decimal revenue)
    {
        var rows = new List<CorrectionRating>();
        if (standing.Rated)
        {
            rows.Add(new CorrectionRating(
                "amend", before.RateVersionId, -1, -standing.Quantity, -standing.Credits, -standing.Revenue, -standing.Money, -standing.Cost, standing.CostCurrency,
                standing.Data));
        }

        rows.Add(new CorrectionRating(
            "amend", target.RateVersionId, 1, target.Quantity, target.Credits.Amount, revenue, target.Money, target.Cost, target.CostCurrency,
            Encoding.UTF8.GetString(amended.Kept.Span)));
        return rows;
    }

    private List<Piece> Draw(LedgerTransaction posting, decimal credits)
    {
        var named = wallet.Directory.PoolsById[standing.PoolNamedId];
        var drawing = new Drawing(wallet.Wallet, posting, wallet.Directory.PoolsById[Pool.SharedId]);
        var drawn = new List<Piece>();
        drawing.Draw(named.Closed ? named with { OverflowsToShared = true } : named, standing.Product!, credits, drawn);
        drawing.Complete();
        return drawn;
    }

    private (List<Piece> From, List<Piece> To) Pieces(IReadOnlyList<StandingPiece> pieces, IReadOnlyList<TakenBack> taken, IReadOnlyList<Piece> drawn)
    {
        var (from, to) = (new List<Piece>(), new List<Piece>());
        foreach (var piece in pieces)
        {
            from.Add(piece.AsPiece(wallet, piece.Credits, piece.Value));
            var gone = taken.SingleOrDefault(part => part.Piece == piece);
            if (gone is null) to.Add(from[^1]);
            else if (gone.Credits < piece.Credits) to.Add(piece.AsPiece(wallet, piece.Credits - gone.Credits, piece.Value - gone.Value));
        }

        to.AddRange(drawn);
        return (from, to);
    }

    // What came back may differ by billionths from what went out; the hours say what the ratings say.
    private static void Count(Rollup rollup, RollupKey common, Rating rating, IReadOnlyList<Piece> pieces, decimal revenue, int sign)
    {
        if (sign > 0) rollup.Add(common, rating, pieces);
        else rollup.Subtract(common, rating, pieces);
        var key = rating.Lines.Count == 0 ? common : common with { Model = rating.Lines[0].Model, TokenType = rating.Lines[0].TokenType, Tier = rating.Lines[0].Tier };
        rollup.AddRevenue(key, sign * (revenue - rating.Money - pieces.Sum(piece => piece.Value)));
    }
}
