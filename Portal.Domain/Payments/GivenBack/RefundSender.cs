using System.Threading.Channels;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Wallet;

namespace Portal.Domain.Payments.GivenBack;

/// <summary>
/// Asks providers for the refunds that were booked, once that is committed. One whose outcome nobody knows is looked up before it is
/// sent again; its id is the key, so that a provider does it once whatever happens.
/// </summary>
public sealed class RefundSender(NpgsqlDataSource source, PaymentProviders providers, Wallets wallets, IncomingMoney money, ILogger<RefundSender> log)
    : BackgroundService
{
    private const int AtOnce = 20;

    // Taking a refund puts its next try off, so that one whose process dies is tried again, and no two try at once.
    private const string Take = """
        update refunds r set attempts = r.attempts + 1, due_at = now() + least(interval '1 minute' * power(2, least(r.attempts, 12)), interval '6 hours')
        from (select tenant_id, id from refunds where state = 'pending' and due_at <= now() order by due_at limit $1 for update skip locked) due
        join refunds f on f.tenant_id = due.tenant_id and f.id = due.id
        join payments p on p.tenant_id = f.tenant_id and p.id = f.payment_id
        where r.tenant_id = due.tenant_id and r.id = due.id
        returning r.tenant_id, r.id, r.net + r.tax, r.currency::text, p.provider, p.provider_payment, r.attempts
        """;

    private readonly Channel<bool> asked = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    private sealed record Sending(long TenantId, Guid Id, decimal Amount, string Currency, string Provider, string ProviderPayment, int Attempts)
    {
        public string Reference => PublicId.Format(PublicId.Refund, TenantId, Id);
    }

    /// <summary>A refund was committed: this node sends it now, not when the job comes by.</summary>
    public void Wake() => asked.Writer.TryWrite(true);

    /// <summary>Sends all that is due and answers how many refunds that were. Safe to run at any time, on several nodes, twice.</summary>
    public async Task<int> SendDueAsync(CancellationToken cancellationToken = default)
    {
        for (var total = 0; ;)
        {
            var taken = await source.ListAsync(Take, Read, cancellationToken, AtOnce);
            foreach (var refund in taken) await TrySendAsync(refund, cancellationToken);
            total += taken.Count;
            if (taken.Count < AtOnce) return total;
        }
    }

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await asked.Reader.ReadAsync(stoppingToken);
                await SendDueAsync(stoppingToken);
            }
            catch (NpgsqlException exception)
            {
                log.LogWarning(exception, "Refunds could not be sent; the job tries again");
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
        }
    }

    private async Task TrySendAsync(Sending refund, CancellationToken cancellationToken)
    {
        try
        {
            await SendAsync(refund, cancellationToken);
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            log.LogError(exception, "Refund {Refund} at {Provider} has no known outcome after try {Attempt}", refund.Reference, refund.Provider, refund.Attempts);
        }
    }

    private async Task SendAsync(Sending refund, CancellationToken cancellationToken)
    {
        if (providers.Find(refund.Provider) is not { } provider)
        {
            log.LogError("Refund {Refund} waits: the provider {Provider} is no longer set up", refund.Reference, refund.Provider);
            return;
        }

        if (refund.Attempts > 1 && await FoundAsync(provider, refund, cancellationToken)) return;
        var answer = await provider.RefundAsync(
            new RefundRequest(refund.Reference, refund.ProviderPayment, new Money(refund.Amount, Currency.Of(refund.Currency))), cancellationToken);
        if (answer.Problem is { } problem)
        {
            await FailAsync(refund, problem.Code, cancellationToken);
            return;
        }

        // The provider did it, whether or not its answer tells refunds apart.
        var report = answer.Value.Refunds is null ? answer.Value with { Refunds = [new RefundReport(refund.Reference, refund.Amount)] } : answer.Value;
        await TakeAsync(provider, report, cancellationToken);
    }

    private async Task<bool> FoundAsync(IPaymentProvider provider, Sending refund, CancellationToken cancellationToken)
    {
        var found = false;
        foreach (var report in await provider.LookUpAsync(new Sought(refund.Reference, refund.ProviderPayment), cancellationToken))
        {
            if (report.Refunds?.Any(told => told.Reference == refund.Reference) != true) continue;
            await TakeAsync(provider, report, cancellationToken);
            found = true;
        }

        return found;
    }

    private async Task TakeAsync(IPaymentProvider provider, PaymentReport report, CancellationToken cancellationToken)
    {
        if ((await money.TakeAsync(provider.Key, report, cancellationToken)).Problem is { } problem)
            log.LogError("What {Provider} says of {Payment} cannot be booked: {Code}", provider.Key, report.ProviderPayment, problem.Code);
    }

    private Task<Result<Done>> FailAsync(Sending refund, string failure, CancellationToken cancellationToken) =>
        wallets.RunAsync<Done>(refund.TenantId, async wallet =>
        {
            wallet.Actor = "provider:" + refund.Provider;
            var row = await wallet.Db.Set<Refund>().AsTracking().SingleAsync(r => r.TenantId == refund.TenantId && r.Id == refund.Id, cancellationToken);
            await Refunds.FailAsync(wallet, row, failure, cancellationToken);
            return default(Done);
        }, cancellationToken);

    private static Sending Read(NpgsqlDataReader row) => new(
        row.GetInt64(0), row.GetGuid(1), row.GetDecimal(2), row.GetString(3), row.GetString(4), row.GetString(5), row.GetInt32(6));
}
