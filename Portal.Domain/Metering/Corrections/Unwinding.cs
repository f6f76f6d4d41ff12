using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Ledger;
using Portal.Domain.Wallet;

namespace Portal.Domain.Metering.Corrections;

/// <summary>A part of a piece that was taken back.</summary>
internal sealed record TakenBack(StandingPiece Piece, decimal From, decimal To, decimal Value)
{
    public decimal Credits => To - From;
}

/// <summary>
/// Takes back what an event drew, last piece first (domain.md §3, usage voided): to the grant, to the grant that settled the debt, to open
/// debt, or out of the overage sold.
/// </summary>
internal static class Unwinding
{
    /// <summary>Takes <paramref name="credits"/> back and posts it.</summary>
    public static async Task<IReadOnlyList<TakenBack>> RunAsync(
        WalletTransaction wallet, LedgerTransaction posting, string product, IReadOnlyList<StandingPiece> pieces, decimal credits, CancellationToken cancellationToken)
    {
        var grants = await wallet.FindGrantsAsync(pieces.Where(piece => piece.GrantId is not null).Select(piece => piece.GrantId!.Value), cancellationToken);
        var taken = new List<TakenBack>();
        for (var i = pieces.Count - 1; i >= 0 && credits > 0m; i--)
        {
            var piece = pieces[i];
            var part = Math.Min(credits, piece.Credits);
            var from = piece.To - part;
            var value = piece.Kind switch
            {
                "grant" or "settled" => CreditReturns.Into(wallet, posting, grants[piece.GrantId!.Value], part, Account.Consumed(product), Account.RevenueUsage),
                "debt" => Forgive(wallet, posting, product, piece, from),
                "overage" => await TakeOffAsync(wallet, posting, product, piece, part, cancellationToken),
                _ => throw new InvalidOperationException($"Unknown kind of piece {piece.Kind}."),
            };
            taken.Add(new TakenBack(piece, from, piece.To, value));
            credits -= part;
        }

        return credits == 0m ? taken : throw new InvalidOperationException($"{credits} credits of the event are in no piece.");
    }

    private static decimal Forgive(WalletTransaction wallet, LedgerTransaction posting, string product, StandingPiece piece, decimal from)
    {
        var debt = wallet.Wallet.Debts.Single(open =>
            open.TransactionId == piece.TransactionId && open.Line == piece.Line && open.From <= from && piece.To <= open.To);
        posting.MoveCredits(Account.Consumed(product), fromGrant: null, Account.Debt(wallet.Directory.PoolsById[debt.PoolId].Key), toGrant: null, piece.To - from);
        wallet.Wallet.Forgive(debt, from, piece.To);
        return 0m;
    }

    // In the period that runs, by difference of the price over all that was sold in it; later by the piece's own share.
    private static async Task<decimal> TakeOffAsync(
        WalletTransaction wallet, LedgerTransaction posting, string product, StandingPiece piece, decimal part, CancellationToken cancellationToken)
    {
        var (state, running) = (wallet.Wallet, wallet.IsOfPeriod(piece.TransactionId));
        var amount = part == piece.Credits ? piece.Value : GrantValue.Left(piece.Value, part, piece.Credits);
        var back = new Overdraw(piece.Meter, piece.Credits, piece.Meter is null ? piece.Credits : piece.Quantity).Of(part).Negative;
        if (running)
        {
            // A plan that has another price by now says nothing of what was sold before: its own share goes back.
            if (wallet.Directory.Terms is { Overage: var terms } && terms.Priced(back).Meter == back.Meter && terms.Sells(back.Meter)) amount = -terms.Cost(state.Period, back);
            state.Period = state.Period.With(back, -amount);
        }

        var pool = wallet.Directory.PoolsById[piece.PoolId].Key;
        var (charge, invoiced) = running
            ? (Charge.Overage(pool, piece.Meter, state.Period.StartsAt!.Value, state.Period.EndsAt!.Value) with { TaxInclusive = wallet.Directory.Terms?.Overage.TaxInclusive ?? false }, false)
            : await EarlierAsync(wallet, pool, piece, cancellationToken);
        posting.MoveCredits(Account.Consumed(product), fromGrant: null, invoiced ? Account.Issued : Account.Overage(pool), toGrant: null, part);
        state.Accrue(posting, charge, back.Quantity, -amount, Account.RevenueOverage, wallet.Directory.Currency, -part);
        return amount;
    }

    // The charge of the period in which it was sold: on an invoice already, its credits have been settled.
    private static async Task<(Charge Charge, bool Invoiced)> EarlierAsync(WalletTransaction wallet, string pool, StandingPiece piece, CancellationToken cancellationToken)
    {
        const string sql = """
            select period_starts_at, max(period_ends_at), bool_or(invoice_id is not null), bool_and(tax_inclusive) from charges
            where tenant_id = $1 and kind = 'overage' and item = $2 and period_starts_at <= $3 group by period_starts_at order by period_starts_at desc limit 1
            """;
        var item = Charge.Overage(pool, piece.Meter, default, default).Item;
        return (await wallet.Connection.ListAsync(
            sql, row => (Charge.Overage(pool, piece.Meter, row.GetFieldValue<DateTimeOffset>(0), row.GetFieldValue<DateTimeOffset>(1)) with { TaxInclusive = row.GetBoolean(3) }, row.GetBoolean(2)),
            cancellationToken, wallet.TenantId, item, Uuid7.InstantOf(piece.TransactionId).AddMilliseconds(1))).Single();
    }

    /// <summary>True when a transaction was posted in the billing period that runs.</summary>
    public static bool IsOfPeriod(this WalletTransaction wallet, Guid transactionId) =>
        wallet.Wallet.Period.StartsAt is { } start && Uuid7.InstantOf(transactionId) >= Uuid7.InstantOf(Uuid7.Floor(start));
}
