using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Portal.Domain.Payments.Adyen;
using Portal.Domain.Payments.Charges;
using Portal.Domain.Payments.CheckoutCom;
using Portal.Domain.Payments.GivenBack;
using Portal.Domain.Payments.Sandbox;
using Portal.Domain.Payments.Saved;
using Portal.Domain.Payments.Stripe;
using Portal.Domain.Payments.TopUps;
using Portal.Domain.Wallet;

namespace Portal.Domain.Payments;

/// <summary>Registers what payments are made of.</summary>
public static class PaymentsRegistration
{
    /// <summary>
    /// Checkouts, the inbox and the providers of the settings. Wants the data source, the factory of contexts, the wallets and a
    /// <see cref="TimeProvider"/> registered.
    /// </summary>
    public static IServiceCollection AddPayments(this IServiceCollection services, PaymentSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        services.AddSingleton(settings);
        services.AddSingleton<PaymentProviders>();
        services.AddSingleton<IncomingMoney>();
        services.AddSingleton<Checkouts>();
        services.AddSingleton<PaymentMethods>();
        services.AddSingleton<OffSession>();
        services.AddSingleton<IPaymentPurpose, TopUpPurpose>();
        services.AddSingleton<ToppingUp>().AddSingleton<IPlatformWork>(provider => provider.GetRequiredService<ToppingUp>());
        services.AddSingleton<WebhookInbox>();
        services.AddHostedService<WebhookWorker>();
        services.AddSingleton<RefundSender>();
        services.AddHostedService(provider => provider.GetRequiredService<RefundSender>());
        if (settings.Stripe is { } stripe) services.AddSingleton<IPaymentProvider>(_ => new StripeProvider(stripe));
        if (settings.Adyen is { } adyen) services.AddSingleton<IPaymentProvider>(provider => new AdyenProvider(adyen, provider.GetRequiredService<NpgsqlDataSource>()));
        if (settings.CheckoutCom is { } checkoutCom) services.AddSingleton<IPaymentProvider>(_ => new CheckoutComProvider(checkoutCom));
        if (settings.Sandbox) services.AddSandbox();
        return services;
    }

    /// <summary>Payments with no provider, or with the sandbox alone.</summary>
    public static IServiceCollection AddPayments(this IServiceCollection services, bool sandbox) => services.AddPayments(new PaymentSettings { Sandbox = sandbox });

    private static void AddSandbox(this IServiceCollection services)
    {
        services.AddHttpClient(SandboxSender.ClientName, client => client.Timeout = TimeSpan.FromSeconds(10));
        services.AddSingleton<SandboxSender>();
        services.AddHostedService(provider => provider.GetRequiredService<SandboxSender>());
        services.AddSingleton<SandboxProvider>();
        services.AddSingleton<IPaymentProvider>(provider => provider.GetRequiredService<SandboxProvider>());
    }
}
