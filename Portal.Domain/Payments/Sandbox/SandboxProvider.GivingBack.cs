using Microsoft.EntityFrameworkCore;
using Portal.Domain.Data;
using Portal.Domain.Kernel;

namespace Portal.Domain.Payments.Sandbox;

/// <summary>Money that goes back: asked for by the merchant, given back on the sandbox's own pages, taken and returned by disputes.</summary>
public sealed partial class SandboxProvider
{
    /// <summary>
    /// The provider's people give back a part of a payment, or all that is left of it, without the merchant asking. Refuses:
    /// <c>unknown_payment</c>, <c>refund_exceeds_payment</c>.
    /// </summary>
    public Task<Result<PaymentReport>> RefundOnOwnPagesAsync(string payment, Money? amount = null, CancellationToken cancellationToken = default) =>
        TakeBackAsync(payment, amount, reference: null, cancellationToken);

    /// <summary>
    /// The customer's bank takes a part of a payment back, or all that is left of it. Refuses: <c>unknown_payment</c>,
    /// <c>dispute_exceeds_payment</c>.
    /// </summary>
    public Task<Result<PaymentReport>> DisputeAsync(string payment, Money? amount = null, CancellationToken cancellationToken = default) =>
        ChangeAsync(payment, amount, "payment.disputed", (row, taken) =>
        {
            taken ??= row.Left;
            if (taken <= 0L || taken > row.Left) return Problem.Unprocessable("dispute_exceeds_payment", "More cannot be disputed than is left of the payment.");
            row.Disputed += taken.Value;
            return null;
        }, cancellationToken);

    /// <summary>
    /// Disputes end: won, what they took comes back, or a part of it; lost, nothing happens. Refuses: <c>unknown_payment</c>,
    /// <c>not_disputed</c>.
    /// </summary>
    public Task<Result<PaymentReport>> DecideDisputeAsync(string payment, bool won, Money? amount = null, CancellationToken cancellationToken = default) =>
        ChangeAsync(payment, amount, won ? "payment.reinstated" : "payment.disputed", (row, back) =>
        {
            var open = row.Disputed - row.Reinstated;
            back ??= open;
            if (back <= 0L || back > open) return Problem.Unprocessable("not_disputed", "So much of the payment is not disputed.");
            if (won) row.Reinstated += back.Value;
            return null;
        }, cancellationToken);

    private async Task<Result<PaymentReport>> TakeBackAsync(string payment, Money? amount, string? reference, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        if (await LockAsync(db, payment, amount, cancellationToken) is not { } row) return Unknown;
        if (reference is not null && await db.Set<SandboxRefund>().AnyAsync(refund => refund.Reference == reference, cancellationToken))
            return await ReportAsync(db, row, cancellationToken);
        var taken = amount is { } asked ? MinorUnits.Of(asked) : row.Left;
        if (taken <= 0L || taken > row.Left) return Problem.Unprocessable("refund_exceeds_payment", "More cannot be refunded than was paid and not given back yet.");
        row.Refunded += taken;
        db.Add(new SandboxRefund { Id = NewId("sr"), Reference = reference, PaymentId = row.Id, Amount = taken });
        await CommitAsync(db, transaction, "payment.refunded", row, cancellationToken);
        return await ReportAsync(db, row, cancellationToken);
    }

    private async Task<Result<PaymentReport>> ChangeAsync(
        string payment, Money? amount, string type, Func<SandboxPayment, long?, Problem?> change, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        if (await LockAsync(db, payment, amount, cancellationToken) is not { } row) return Unknown;
        if (change(row, amount is { } asked ? MinorUnits.Of(asked) : null) is { } problem) return problem;
        await CommitAsync(db, transaction, type, row, cancellationToken);
        return await ReportAsync(db, row, cancellationToken);
    }

    private static async Task<SandboxPayment?> LockAsync(PortalDbContext db, string payment, Money? amount, CancellationToken cancellationToken)
    {
        var row = await db.Set<SandboxPayment>().FromSql($"select * from sandbox_payments where id = {payment} for update").AsTracking().SingleOrDefaultAsync(cancellationToken);
        return row is null || (amount is { } asked && asked.Currency.Code != row.Currency) ? null : row;
    }

    private static async Task<IReadOnlyList<SandboxRefund>> RefundsAsync(PortalDbContext db, SandboxPayment payment, CancellationToken cancellationToken) =>
        await db.Set<SandboxRefund>().Where(refund => refund.PaymentId == payment.Id).OrderBy(refund => refund.Id).ToListAsync(cancellationToken);

    private static async Task<PaymentReport> ReportAsync(PortalDbContext db, SandboxPayment payment, CancellationToken cancellationToken) =>
        payment.Told(await RefundsAsync(db, payment, cancellationToken)).Report()!;

    private static Problem Unknown => Problem.Unprocessable("unknown_payment", "There is no such payment.");
}
