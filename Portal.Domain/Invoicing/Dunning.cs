using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Ledger;
using Portal.Domain.Payments;
using Portal.Domain.Payments.Charges;
using Portal.Domain.Wallet;

namespace Portal.Domain.Invoicing;

/// <summary>
/// Collects invoices (domain.md §9): charges the saved payment method when one is due, again 1, 3, 5 and 7 days after the first refusal.
/// The subscription is past due from the first and suspended after the last; paying restores it at once.
/// </summary>
public sealed class Dunning(OffSession charges, NpgsqlDataSource source, Wallets wallets, ILogger<Dunning> log) : IPlatformWork
{
    private const int AtOnce = 200;

    private const string Due = """
        select i.tenant_id, i.id, i.total - i.paid - i.credited, d.currency::text, d.number from invoices i
        join invoice_documents d on d.tenant_id = i.tenant_id and d.invoice_id = i.id, platform p
        where i.state = 'open' and i.collect_at <= clock_timestamp() + p.clock_offset and (i.tenant_id, i.id) > ($1, $2)
        order by i.tenant_id, i.id limit $3
        """;

    private sealed record Unpaid(long Tenant, Guid Id, decimal Amount, string Currency, string Number);

    /// <summary>Days after the first refusal on which a charge is tried again.</summary>
    public static readonly IReadOnlyList<int> RetryAfterDays = [1, 3, 5, 7];

    /// <summary>Charges what is due. Safe to run twice and at once: of one invoice one charge is under way.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        for (var (tenant, id) = (0L, Guid.Empty); ;)
        {
            var due = await source.ListAsync(
                Due, row => new Unpaid(row.GetInt64(0), row.GetGuid(1), row.GetDecimal(2), row.GetString(3), row.GetString(4)), cancellationToken, tenant, id, AtOnce);
            foreach (var unpaid in due) await TryChargeAsync(unpaid, cancellationToken);
            if (due.Count < AtOnce) return;
            (tenant, id) = (due[^1].Tenant, due[^1].Id);
        }
    }

    private async Task TryChargeAsync(Unpaid unpaid, CancellationToken cancellationToken)
    {
        try
        {
            await ChargeAsync(unpaid, cancellationToken);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            log.LogError(exception, "Invoice {Invoice} of tenant {Tenant} could not be collected", unpaid.Number, unpaid.Tenant);
        }
    }

    private async Task ChargeAsync(Unpaid unpaid, CancellationToken cancellationToken)
    {
        var order = InvoicePayments.ChargeOf(unpaid.Tenant, unpaid.Id, unpaid.Number, new Money(unpaid.Amount, Currency.Of(unpaid.Currency)), "job");
        var charged = await charges.ChargeAsync(order, cancellationToken);
        if (charged.Problem is not { Code: not InvoicePurpose.NothingDue } problem) return; // paid meanwhile; paid, refused or under way: whatever it was has been booked
        await wallets.RunAsync<Done>(unpaid.Tenant, async wallet =>
        {
            await InvoicePurpose.RefusedAsync(wallet, unpaid.Id, problem.Code, cancellationToken);
            return default(Done);
        }, cancellationToken);
    }
}

/// <summary>What charges of invoices do when money arrives for one, or does not.</summary>
public sealed class InvoicePurpose : IPaymentPurpose
{
    /// <inheritdoc />
    public string Prefix => PublicId.Invoice;

    internal const string NothingDue = "nothing_due";

    /// <inheritdoc />
    public async Task<Problem?> RefusesAsync(WalletTransaction wallet, string paysFor, Money amount, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(wallet);
        if (!PublicId.TryParse(PublicId.Invoice, paysFor, out _, out var invoice)) return null;
        await wallet.WriteAsync(cancellationToken);
        return await InvoicePayments.DueAsync(wallet, invoice, cancellationToken) >= amount.Amount ? null : Problem.Conflict(NothingDue, "So much is not due any more: it was paid or credited meanwhile.");
    }

    /// <inheritdoc />
    public async Task<Result<decimal>> PayAsync(WalletTransaction wallet, ArrivedMoney money, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(money);
        if (!PublicId.TryParse(PublicId.Invoice, money.PaysFor, out _, out var invoice)) return 0m;
        return await InvoicePayments.ReceiveAsync(
            wallet, invoice, Account.Cash(money.Payment.Provider), money.Amount, money.Key, money.Payment.PublicId, cancellationToken);
    }

    /// <inheritdoc />
    public async Task DeclinedAsync(WalletTransaction wallet, PaymentAttempt attempt, DeclineKind kind, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(attempt);
        if (PublicId.TryParse(PublicId.Invoice, attempt.PaysFor, out _, out var invoice))
            await RefusedAsync(wallet, invoice, attempt.Failure ?? "declined", cancellationToken, attempt.Id);
    }

    /// <summary>A charge was refused: the next is due some days after the first refusal, and the subscription suffers.</summary>
    internal static async Task RefusedAsync(WalletTransaction wallet, Guid invoice, string failure, CancellationToken cancellationToken, Guid? attempt = null)
    {
        const string refuse = """
            update invoices set tries = tries + 1, first_failed_at = coalesce(first_failed_at, $3), failure = $4,
              collect_at = coalesce(first_failed_at, $3) + ($5::int[])[tries + 1] * interval '1 day', refused_attempt = coalesce($6::uuid, refused_attempt)
            where tenant_id = $1 and id = $2 and state = 'open' and ($6::uuid is null or refused_attempt is distinct from $6::uuid) returning collect_at is null
            """;
        var refused = await wallet.Connection.ListAsync(
            refuse, row => row.GetBoolean(0), cancellationToken, wallet.TenantId, invoice, wallet.Now, failure, Dunning.RetryAfterDays.ToArray(), attempt);
        if (refused.Count > 0) await Standing.WorsenAsync(wallet, suspend: refused[0], cancellationToken);
    }
}

/// <summary>Registers dunning.</summary>
public static class DunningRegistration
{
    /// <summary>Dunning. Wants payments registered.</summary>
    public static IServiceCollection AddDunning(this IServiceCollection services) =>
        services.AddSingleton<Dunning>().AddSingleton<IPlatformWork>(provider => provider.GetRequiredService<Dunning>());
}
