using Microsoft.EntityFrameworkCore;
using Portal.Domain.Data;
using Portal.Domain.Ledger;
using Portal.Domain.Wallet;

namespace Portal.Domain.Payments.GivenBack;

/// <summary>
/// Gives back what disputes of a payment took, the newest first: of used credits the debt that is still open is forgiven, then parts that
/// were settled go back to the settling grants; unused credits go back to their grants.
/// </summary>
internal sealed class DisputeReversal
{
    private const string Settlements = """
        select debt_transaction_id, debt_line, from_credits, to_credits, grant_id, remaining_before
        from chargeback_settlements where tenant_id = $1 and debt_transaction_id = any($2)
        """;

    private readonly List<(DisputePiece Piece, Guid DebtId, decimal Credits)> parts = [];
    private IReadOnlyList<Settlement> settlements = [];
    private IReadOnlyDictionary<Guid, Grant> grants = new Dictionary<Guid, Grant>();

    private sealed record Settlement(Guid DebtId, int Line, decimal From, decimal To, Guid GrantId, decimal RemainingBefore)
    {
        public decimal ValueBetween(Grant grant, decimal from, decimal to) =>
            GrantValue.Left(grant.Value, RemainingBefore - (from - From), grant.Amount) - GrantValue.Left(grant.Value, RemainingBefore - (to - From), grant.Amount);
    }

    /// <summary>Reads what so many credits mean. Before anything is posted.</summary>
    public static async Task<DisputeReversal> ReadAsync(WalletTransaction wallet, Payment payment, decimal credits, CancellationToken cancellationToken)
    {
        var rows = await (
            from piece in wallet.Db.Set<DisputePiece>().AsTracking()
            join dispute in wallet.Db.Set<Dispute>() on new { piece.TenantId, piece.DisputeId } equals new { dispute.TenantId, DisputeId = dispute.Id }
            where piece.TenantId == wallet.TenantId && dispute.PaymentId == payment.Id && piece.Returned < piece.Credits
            orderby piece.DisputeId descending, piece.Ordinal descending
            select new { piece, dispute.TransactionId }).ToListAsync(cancellationToken);
        var reversal = new DisputeReversal();
        foreach (var row in rows)
        {
            if (credits <= 0m) break;
            var part = Math.Min(credits, row.piece.Credits - row.piece.Returned);
            reversal.parts.Add((row.piece, row.TransactionId, part));
            credits -= part;
        }

        reversal.settlements = await wallet.Connection.ListAsync(
            Settlements, row => new Settlement(row.GetGuid(0), row.GetInt32(1), row.GetDecimal(2), row.GetDecimal(3), row.GetGuid(4), row.GetDecimal(5)),
            cancellationToken, wallet.TenantId, reversal.parts.Select(part => part.DebtId).Distinct());
        reversal.grants = await wallet.FindGrantsAsync(
            reversal.parts.Select(part => part.Piece.GrantId).Concat(reversal.settlements.Select(settlement => settlement.GrantId)), cancellationToken);
        return reversal;
    }

    /// <summary>Books it, and answers the value of the unused credits as it was taken, which <paramref name="cash"/> is debited with.</summary>
    public decimal Book(WalletTransaction wallet, LedgerTransaction posting, string cash)
    {
        var value = 0m;
        foreach (var (piece, debtId, credits) in parts)
        {
            if (piece.DebtLine is { } line) ReturnUsed(wallet, posting, debtId, line, piece.Credits - piece.Returned - credits, piece.Credits - piece.Returned);
            else value += ReturnUnused(wallet, posting, piece, credits, cash);
            piece.Returned += credits;
        }

        return value;
    }

    private decimal ReturnUnused(WalletTransaction wallet, LedgerTransaction posting, DisputePiece piece, decimal credits, string cash)
    {
        var left = piece.Credits - piece.Returned;
        var taken = GrantValue.Left(piece.Value, left, piece.Credits) - GrantValue.Left(piece.Value, left - credits, piece.Credits);
        var grant = grants[piece.GrantId];
        var value = CreditReturns.Into(wallet, posting, grant, credits, Account.ClawedBack, cash);
        posting.Book(Account.Rounding, cash, value - taken, grant.Currency);
        return taken;
    }

    private void ReturnUsed(WalletTransaction wallet, LedgerTransaction posting, Guid debtId, int line, decimal from, decimal to)
    {
        foreach (var debt in wallet.Wallet.Debts.Where(debt => debt.TransactionId == debtId && debt.Line == line).ToArray())
        {
            var (start, end) = (Math.Max(from, debt.From), Math.Min(to, debt.To));
            if (start >= end) continue;
            posting.MoveCredits(Account.ClawedBack, fromGrant: null, Account.Debt(wallet.Directory.PoolsById[debt.PoolId].Key), toGrant: null, end - start);
            wallet.Wallet.Forgive(debt, start, end);
        }

        foreach (var settled in settlements.Where(settled => settled.DebtId == debtId && settled.Line == line).OrderByDescending(settled => settled.From))
        {
            var (start, end) = (Math.Max(from, settled.From), Math.Min(to, settled.To));
            if (start >= end) continue;
            var grant = grants[settled.GrantId];
            var value = CreditReturns.Into(wallet, posting, grant, end - start, Account.ClawedBack, Account.Chargebacks);
            posting.Book(Account.Rounding, Account.Chargebacks, value - settled.ValueBetween(grant, start, end), grant.Currency);
        }
    }
}
