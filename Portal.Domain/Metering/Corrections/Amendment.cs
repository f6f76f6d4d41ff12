using Portal.Domain.Kernel;
using Portal.Domain.Ledger;
using Portal.Domain.Pricing;
using Portal.Domain.Wallet;

namespace Portal.Domain.Metering.Corrections;

/// <summary>What kind of change an amendment is.</summary>
/// <param name="Posting">Kind of its ledger transaction.</param>
/// <param name="Rating">Kind of its ratings.</param>
/// <param name="Status">How the event stands then.</param>
internal sealed record AmendmentKind(string Posting, string Rating, string Status)
{
    /// <summary>Other data.</summary>
    public static readonly AmendmentKind Amend = new("amendment", "amend", "amended");

    /// <summary>Other prices.</summary>
    public static readonly AmendmentKind Rerate = new("rerate", "rerate", "rerated");

    /// <summary>The first prices of an event that had none.</summary>
    public static readonly AmendmentKind LateRating = new("late_rating", "late_rating", "accepted");
}

/// <summary>One amendment, decided in memory: what it posts, and the rows that go with it.</summary>
/// <param name="Rows">What <see cref="CorrectionRows"/> writes.</param>
/// <param name="Correction">What it comes to.</param>
internal sealed record DecidedAmendment(CorrectionOfEvent Rows, UsageCorrection Correction);

/// <summary>
/// Brings an event from what it stands on to what it comes to by other data, by other prices or by the first ones: takes the difference
/// back, last piece first, or draws it, and moves its figures.
/// </summary>
/// <param name="wallet">The tenant's wallet.</param>
/// <param name="standing">The event.</param>
/// <param name="target">What it comes to.</param>
/// <param name="measured">What it consists of now, line by line; null when no meter measures it.</param>
/// <param name="kind">Why.</param>
/// <param name="data">The properties that <paramref name="target"/> was made from, when they are not the event's own.</param>
internal sealed class Amendment(
    WalletTransaction wallet, StandingEvent standing, Rating target, Rating? measured, AmendmentKind kind, string? data)
{
    /// <summary>Of an event that no meter measured when it came: what measures it by now.</summary>
    public (string Meter, string Product)? MeasuredBy { get; init; }

    /// <summary>The pieces that the event stands on, when they were read already.</summary>
    public IReadOnlyList<StandingPiece>? Standing { get; init; }

    private string Product => standing.Product ?? MeasuredBy?.Product ?? throw new InvalidOperationException("An event without a product draws nothing.");

    /// <summary>Decides, settles debts with what came back, and writes.</summary>
    public async Task<UsageCorrection> RunAsync(string reason, CancellationToken cancellationToken)
    {
        var rollup = new Rollup();
        var decided = await DecideAsync(reason, rollup, cancellationToken);
        wallet.SettleDebts();
        await CorrectionRows.WriteAsync(wallet, [decided.Rows], rollup, cancellationToken);
        return decided.Correction;
    }

    /// <summary>Changes the wallet in memory and adds to the hours; nothing is written.</summary>
    public async Task<DecidedAmendment> DecideAsync(string reason, Rollup rollup, CancellationToken cancellationToken)
    {
        var posting = UsageCorrections.Begin(wallet, kind.Posting, standing, reason);
        var before = StandingRating.Of(standing, measured, withCost: true);
        var pieces = !standing.Rated ? [] : Standing
            ?? await StandingPieces.ReadAsync(wallet.Connection, wallet.TenantId, standing.TransactionId, standing.Ordinal, cancellationToken);
        var difference = target.Credits.Amount - standing.Credits;
        var taken = difference < 0m ? await Unwinding.RunAsync(wallet, posting, Product, pieces, -difference, cancellationToken) : [];
        var drawn = difference > 0m ? Draw(wallet, posting, standing, Product, More(difference)) : [];
        await UsageCorrections.BookMoneyAsync(wallet, posting, standing, standing.Rated ? before : null, target, cancellationToken);
        BookCost(posting, before);
        wallet.CountAllowance(standing.ConsumerId, standing.PoolNamedId, standing.OccurredAt, standing.PostedAt, difference);

        var revenue = standing.Revenue - taken.Sum(part => part.Value) + drawn.Sum(piece => piece.Value) + target.Money - standing.Money;
        var (from, to) = Pieces(pieces, taken, drawn);
        if (standing.Rated) Count(rollup, KeyOf(standing.CostCurrency), before, from, standing.Revenue, -1);
        Count(rollup, KeyOf(target.CostCurrency), target, to, revenue, 1);
        return new DecidedAmendment(
            new CorrectionOfEvent(posting, standing, Ratings(before, revenue), taken),
            new UsageCorrection(
                standing.Key, kind.Status, target.Credits.Amount, revenue, taken.Sum(part => part.Credits), drawn.Sum(piece => piece.Credits), posting.Id));
    }

    // What the platform paid is none the other for being sold at another price.
    private void BookCost(LedgerTransaction posting, Rating before)
    {
        if (kind == AmendmentKind.Rerate) return;
        if (standing.Rated) UsageCorrections.BookCost(posting, before, -1);
        UsageCorrections.BookCost(posting, target, 1);
    }

    private RollupKey KeyOf(string? costCurrency) => UsageCorrections.KeyOf(wallet, standing, costCurrency) with { Product = Product };

    // Two rows: out with what it was, in with what it is, so that a change of model moves its figures from one to the other.
    private List<CorrectionRating> Ratings(Rating before, decimal revenue)
    {
        var rows = new List<CorrectionRating>();
        if (standing.Rated)
        {
            rows.Add(new CorrectionRating(
                kind.Rating, standing.RateVersionId, -1, -standing.Quantity, -standing.Credits, -standing.Revenue, -standing.Money, -standing.Cost, standing.CostCurrency,
                kind == AmendmentKind.Amend ? standing.Data : standing.AmendedData));
        }

        rows.Add(new CorrectionRating(
            kind.Rating, target.RateVersionId, 1, target.Quantity, target.Credits.Amount, revenue, target.Money, target.Cost, target.CostCurrency, data)
        {
            Meter = MeasuredBy?.Meter,
            Product = MeasuredBy?.Product,
        });
        return rows;
    }

    // The share of what the meter measures now.
    private Overdraw More(decimal credits) => new Overdraw(standing.Meter ?? MeasuredBy?.Meter, target.Credits.Amount, target.Quantity).Of(credits);

    /// <summary>Draws more for an event that stands.</summary>
    public static List<Piece> Draw(WalletTransaction wallet, LedgerTransaction posting, StandingEvent standing, string product, Overdraw more)
    {
        var named = wallet.Directory.PoolsById[standing.PoolNamedId];
        var drawing = new Drawing(wallet.Wallet, posting, wallet.Directory.PoolsById[Pool.SharedId]);
        var drawn = new List<Piece>();
        drawing.Draw(named.Closed ? named with { OverflowsToShared = true } : named, product, more, drawn);
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
