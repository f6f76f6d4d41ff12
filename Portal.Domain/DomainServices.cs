using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Portal.Domain.Alerts;
using Portal.Domain.Data;
using Portal.Domain.Invoicing;
using Portal.Domain.Invoicing.Corrections;
using Portal.Domain.Metering;
using Portal.Domain.Metering.Corrections;
using Portal.Domain.Metering.Counters;
using Portal.Domain.Metering.Explaining;
using Portal.Domain.Metering.Intake;
using Portal.Domain.Metering.Meters;
using Portal.Domain.Metering.Rerating;
using Portal.Domain.Metering.Watching;
using Portal.Domain.Notifications;
using Portal.Domain.Outcomes;
using Portal.Domain.Payments;
using Portal.Domain.Payments.Charges;
using Portal.Domain.Revenue;
using Portal.Domain.Subscriptions;
using Portal.Domain.Tenants;
using Portal.Domain.Wallet;
using Portal.Domain.Webhooks;

namespace Portal.Domain;

/// <summary>What the domain needs to run; hosts add a data source, options and logging.</summary>
public static class DomainServices
{
    /// <summary>Registers everything but the background services.</summary>
    public static IServiceCollection AddPortalDomain(this IServiceCollection services)
    {
        services.TryAddSingleton(new WebhookSettings(Loopback: false));
        services.AddOptions<DueOptions>();
        services.TryAddSingleton(new SiteAddress(new Uri("http://localhost:5080/")));
        return services.AddNouns();
    }

    private static IServiceCollection AddNouns(this IServiceCollection services) => services
        .AddSingleton<TenantReads>()
        .AddSingleton<Reconciliation>()
        .AddSingleton<MonthLock>()
        .AddSingleton<WalletDirectories>()
        .AddSingleton<WalletSignals>()
        .AddSingleton<Wallets>()
        .AddSingleton<ISettlesDue>(provider => provider.GetRequiredService<Wallets>())
        .AddSingleton<Catalogues>()
        .AddSingleton<IDebtAttribution, DebtAttribution>()
        .AddSingleton<UsageCorrections>()
        .AddSingleton<Explanations>()
        .AddSingleton<OperationRuns>()
        .AddSingleton<IRenewals, Renewals>()
        .AddSingleton<IDueSource, PeriodClosings>()
        .AddSingleton<IDueSource, InvoicesDue>()
        .AddSingleton<IPaymentPurpose, InvoicePurpose>()
        .AddSingleton<IPaidSales, SaleInvoices>()
        .AddSingleton<CreditNotes>()
        .AddSingleton<ICaseRulesReading, CaseRulesReading>()
        .AddSingleton<IDueSource, CaseSettling>()
        .AddSingleton<DueWork>()
        .AddSingleton<IntakeCounts>()
        .AddSingleton<UsageIntake>()
        .AddSingleton<Captures>()
        .AddSingleton<DueWallets>()
        .AddSingleton<TenantMoves>()
        .AddSingleton<TestClock>()
        .AddSingleton<InvoiceMails>()
        .AddSingleton<TopUpMails>()
        .AddSingleton<OutboxDrain>()
        .AddSingleton<WebhookLine>()
        .AddSingleton<WebhookBodies>()
        .AddSingleton<WebhookSending>()
        .AddSingleton<AlertWatch>()
        .AddSingleton<IPlatformWork>(provider => provider.GetRequiredService<AlertWatch>())
        .AddSingleton<Onboarding>()
        .AddSingleton<ApiKeyDirectory>();

    /// <summary>What a process that serves usage and pages runs beside them: the intake (section <c>Intake</c>) and the signals between nodes.</summary>
    public static IServiceCollection AddPortalBackground(this IServiceCollection services)
    {
        services.AddOptions<IntakeOptions>().BindConfiguration("Intake");
        return services
            .AddHostedService<IntakeCountsWriting>() // before the intake, so that it stops after it
            .AddHostedService(provider => provider.GetRequiredService<UsageIntake>())
            .AddHostedService<WalletAnnouncer>()
            .AddHostedService<WalletListener>();
    }
}
