using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Invoicing.Corrections;
using Portal.Domain.Kernel;
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

    // The last retry is seven days after the first refusal; 30 days after it the rest is given up.
    private const string Hopeless = """
        select i.tenant_id, i.id, d.number from invoices i join invoice_documents d on d.tenant_id = i.tenant_id and d.invoice_id = i.id, platform p
        where i.state = 'open' and i.collect_at is null and i.tries > $1 and i.first_failed_at <= clock_timestamp() + p.clock_offset - $2::int * interval '1 day' limit $3
        """;

    private sealed record Unpaid(long Tenant, Guid Id, decimal Amount, string Currency, string Number);

    /// <summary>Days after the first refusal on which a charge is tried again.</summary>
    public static readonly IReadOnlyList<int> RetryAfterDays = [1, 3, 5, 7];

    /// <summary>Days after the last retry on which an invoice is written off.</summary>
    public const int GivenUpAfterDays = 30;

    /// <summary>Charges what is due, and gives up what nobody paid. Safe to run twice and at once: of one invoice one charge is under way.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        for (var (tenant, id) = (0L, Guid.Empty); ;)
        {
            var due = await source.ListAsync(
                Due, row => new Unpaid(row.GetInt64(0), row.GetGuid(1), row.GetDecimal(2), row.GetString(3), row.GetString(4)), cancellationToken, tenant, id, AtOnce);
            foreach (var unpaid in due) await TryAsync(unpaid, () => ChargeAsync(unpaid, cancellationToken));
            if (due.Count < AtOnce) break;
            (tenant, id) = (due[^1].Tenant, due[^1].Id);
        }

        var hopeless = await source.ListAsync(
            Hopeless, row => new Unpaid(row.GetInt64(0), row.GetGuid(1), 0m, "", row.GetString(2)), cancellationToken, RetryAfterDays.Count, RetryAfterDays[^1] + GivenUpAfterDays, AtOnce);
        foreach (var unpaid in hopeless)
        {
            await TryAsync(unpaid, () => wallets.RunAsync(
                unpaid.Tenant, wallet => WriteOffs.RunAsync(wallet, unpaid.Number, "Not paid after the last reminder", cancellationToken), cancellationToken));
        }
    }

    private async Task TryAsync(Unpaid unpaid, Func<Task> collect)
    {
        try
        {
            await collect();
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
        if (charged.Problem is not { Code: not IPaymentPurpose.NothingDue } problem) return; // paid meanwhile; paid, refused or under way: whatever it was has been booked
        await wallets.RunAsync<Done>(unpaid.Tenant, async wallet =>
        {
            await InvoicePurpose.RefusedAsync(wallet, unpaid.Id, problem.Code, cancellationToken);
            return default(Done);
        }, cancellationToken);
    }
}

/// <summary>Registers dunning.</summary>
public static class DunningRegistration
{
    /// <summary>Dunning. Wants payments registered.</summary>
    public static IServiceCollection AddDunning(this IServiceCollection services) =>
        services.AddSingleton<Dunning>().AddSingleton<IPlatformWork>(provider => provider.GetRequiredService<Dunning>());
}
