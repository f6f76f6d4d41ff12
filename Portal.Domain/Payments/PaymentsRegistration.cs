using Microsoft.Extensions.DependencyInjection;
using Portal.Domain.Payments.GivenBack;
using Portal.Domain.Payments.Sandbox;

namespace Portal.Domain.Payments;

/// <summary>Registers what payments are made of.</summary>
public static class PaymentsRegistration
{
    /// <summary>
    /// Checkouts, the inbox and the providers. Wants the data source, the factory of contexts, the wallets and a
    /// <see cref="TimeProvider"/> registered.
    /// </summary>
    /// <param name="services">Where to.</param>
    /// <param name="sandbox">True where the sandbox may take payments (<c>Portal:Sandbox</c>).</param>
    public static IServiceCollection AddPayments(this IServiceCollection services, bool sandbox)
    {
        services.AddSingleton<PaymentProviders>();
        services.AddSingleton<IncomingMoney>();
        services.AddSingleton<Checkouts>();
        services.AddSingleton<WebhookInbox>();
        services.AddHostedService<WebhookWorker>();
        services.AddSingleton<RefundSender>();
        services.AddHostedService(provider => provider.GetRequiredService<RefundSender>());
        if (sandbox) services.AddSandbox();
        return services;
    }

    private static void AddSandbox(this IServiceCollection services)
    {
        services.AddHttpClient(SandboxSender.ClientName, client => client.Timeout = TimeSpan.FromSeconds(10));
        services.AddSingleton<SandboxSender>();
        services.AddHostedService(provider => provider.GetRequiredService<SandboxSender>());
        services.AddSingleton<SandboxProvider>();
        services.AddSingleton<IPaymentProvider>(provider => provider.GetRequiredService<SandboxProvider>());
    }
}
