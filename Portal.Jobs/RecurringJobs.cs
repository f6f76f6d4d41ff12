using Hangfire;
using Microsoft.Extensions.Logging;
using Npgsql;
using Portal.Domain.Alerts;
using Portal.Domain.Metering;
using Portal.Domain.Notifications;
using Portal.Domain.Payments;
using Portal.Domain.Payments.Charges;
using Portal.Domain.Payments.GivenBack;
using Portal.Domain.Payments.Saved;
using Portal.Domain.Payments.TopUps;
using Portal.Domain.Revenue;
using Portal.Domain.Tenants;
using Portal.Domain.Wallet;
using Portal.Domain.Webhooks;

namespace Portal.Jobs;

/// <summary>
/// What runs by the clock: shells over the domain, each safe to run twice and at once. The next run is the retry, so none is retried.
/// Schedules follow real time (UTC); what the jobs look at follows business time.
/// </summary>
[AutomaticRetry(Attempts = 0)]
public sealed class RecurringJobs(
    NpgsqlDataSource source, DueWallets wallets, TenantMoves moves, WebhookInbox webhooks, RefundSender refunds, OffSession charges, Checkouts checkouts, PaymentMethods methods, OutboxDrain outbox, ToppingUp topUps, WebhookSending sending, AlertWatch alerts, IEnumerable<IPlatformWork> platform, Reconciliation reconciliation, ILogger<RecurringJobs> log)
{
    /// <summary>Puts the schedule in place; again changes nothing.</summary>
    public static void Schedule(IRecurringJobManager jobs)
    {
        jobs.AddOrUpdate<RecurringJobs>("settle-wallets", job => job.SettleWalletsAsync(CancellationToken.None), Cron.Minutely());
        jobs.AddOrUpdate<RecurringJobs>("moves", job => job.FinishMovesAsync(CancellationToken.None), Cron.Minutely());
        jobs.AddOrUpdate<RecurringJobs>("webhook-inbox", job => job.WorkOffWebhooksAsync(CancellationToken.None), Cron.Minutely());
        jobs.AddOrUpdate<RecurringJobs>("refunds", job => job.SendRefundsAsync(CancellationToken.None), Cron.Minutely());
        jobs.AddOrUpdate<RecurringJobs>("charges", job => job.ResolveChargesAsync(CancellationToken.None), Cron.Minutely());
        jobs.AddOrUpdate<RecurringJobs>("platform", job => job.RunPlatformAsync(CancellationToken.None), Cron.Minutely());
        jobs.AddOrUpdate<RecurringJobs>("checkouts", job => job.RefreshCheckoutsAsync(CancellationToken.None), Cron.Minutely());
        jobs.AddOrUpdate<RecurringJobs>("removed-payment-methods", job => job.ForgetPaymentMethodsAsync(CancellationToken.None), Cron.Minutely());
        jobs.AddOrUpdate<RecurringJobs>("outbox", job => job.DrainOutboxAsync(CancellationToken.None), "*/10 * * * * *");
        jobs.AddOrUpdate<RecurringJobs>("top-ups", job => job.TopUpAsync(CancellationToken.None), "*/10 * * * * *");
        jobs.AddOrUpdate<RecurringJobs>("webhooks", job => job.SendWebhooksAsync(CancellationToken.None), "*/10 * * * * *");
        jobs.AddOrUpdate<RecurringJobs>("alerts", job => job.WatchAlertsAsync(CancellationToken.None), "*/10 * * * * *");
        jobs.AddOrUpdate<RecurringJobs>("webhook-log", job => job.PruneWebhooksAsync(CancellationToken.None), Cron.Daily(hour: 3, minute: 30));
        jobs.AddOrUpdate<RecurringJobs>("reconciliation", job => job.ReconcileAsync(CancellationToken.None), Cron.Daily(hour: 2, minute: 30));
        jobs.AddOrUpdate<RecurringJobs>("idempotency-keys", job => job.PruneIdempotencyKeysAsync(CancellationToken.None), Cron.Daily(hour: 3));
        jobs.AddOrUpdate<RecurringJobs>("event-partitions", job => job.EnsureEventPartitionsAsync(CancellationToken.None), Cron.Daily(hour: 1));
        jobs.AddOrUpdate<RecurringJobs>("event-retention", job => job.RetireEventsAsync(CancellationToken.None), Cron.Daily(hour: 4));
    }

    /// <summary>Settles the wallets for which something fell due: several at once, shared with the other nodes.</summary>
    public Task SettleWalletsAsync(CancellationToken cancellationToken) => wallets.TakeTurnAsync(cancellationToken);

    /// <summary>Brings credits that left one tenant to the other, where that was not done at once.</summary>
    public Task FinishMovesAsync(CancellationToken cancellationToken) => moves.FinishAsync(cancellationToken: cancellationToken);

    /// <summary>Works off webhooks that their arrival did not.</summary>
    public Task WorkOffWebhooksAsync(CancellationToken cancellationToken) => webhooks.ProcessDueAsync(cancellationToken);

    /// <summary>Asks providers for refunds that were booked and whose outcome is not known.</summary>
    public Task SendRefundsAsync(CancellationToken cancellationToken) => refunds.SendDueAsync(cancellationToken);

    /// <summary>Finds out what became of charges whose outcome is not known.</summary>
    public Task ResolveChargesAsync(CancellationToken cancellationToken) => charges.ResolveDueAsync(cancellationToken);

    /// <summary>Does what is due for the platform: collects invoices.</summary>
    public async Task RunPlatformAsync(CancellationToken cancellationToken)
    {
        foreach (var work in platform) await work.RunAsync(cancellationToken);
    }

    /// <summary>Asks about checkouts that neither customer nor webhook came back from.</summary>
    public Task RefreshCheckoutsAsync(CancellationToken cancellationToken) => checkouts.RefreshDueAsync(cancellationToken);

    /// <summary>Has providers let go of payment methods that were removed.</summary>
    public Task ForgetPaymentMethodsAsync(CancellationToken cancellationToken) => methods.ForgetAsync(cancellationToken);

    /// <summary>Sends what waits in the outbox.</summary>
    public Task DrainOutboxAsync(CancellationToken cancellationToken) => outbox.RunAsync(cancellationToken);

    /// <summary>Buys packs for pools that are to be kept filled.</summary>
    public Task TopUpAsync(CancellationToken cancellationToken) => topUps.RunAsync(cancellationToken);

    /// <summary>Sends outgoing webhooks.</summary>
    public Task SendWebhooksAsync(CancellationToken cancellationToken) => sending.RunAsync(cancellationToken);

    /// <summary>Tells of thresholds that were crossed.</summary>
    public Task WatchAlertsAsync(CancellationToken cancellationToken) => alerts.RunAsync(cancellationToken);

    /// <summary>Forgets old webhooks.</summary>
    public Task PruneWebhooksAsync(CancellationToken cancellationToken) => WebhookLog.PruneAsync(source, cancellationToken);

    /// <summary>Checks the invariants of the ledger.</summary>
    public async Task ReconcileAsync(CancellationToken cancellationToken)
    {
        var report = await reconciliation.RunAsync(cancellationToken);
        foreach (var check in report.Checks.Where(check => !check.Ok))
            log.LogError("Reconciliation: {Check} ({Name}) does not hold; first {Subject}", check.Id, check.Name, check.Failures[0].Subject);
        if (report.Ok) log.LogInformation("Reconciliation: all {Checks} invariants hold", report.Checks.Count);
    }

    /// <summary>Forgets old answers to repeated requests.</summary>
    public Task PruneIdempotencyKeysAsync(CancellationToken cancellationToken) => IdempotencyKeys.PruneAsync(source, cancellationToken);

    /// <summary>Makes the coming months of events.</summary>
    public Task EnsureEventPartitionsAsync(CancellationToken cancellationToken) => EventPartitions.EnsureAsync(source, cancellationToken);

    /// <summary>Retires months of events that are older than the platform keeps them.</summary>
    public async Task RetireEventsAsync(CancellationToken cancellationToken)
    {
        foreach (var month in await EventPartitions.RetireAsync(source, cancellationToken)) log.LogInformation("Events of {Month:yyyy-MM} are retired", month);
    }
}
