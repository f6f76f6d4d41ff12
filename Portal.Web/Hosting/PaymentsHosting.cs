using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Portal.Domain.Invoicing;
using Portal.Domain.Payments;
using Portal.Domain.Payments.Sandbox;
using Portal.Domain.Taxes;

namespace Portal.Web.Hosting;

/// <summary>Payments in the web host: the providers of the settings, and where the sandbox finds this node.</summary>
public static class PaymentsHosting
{
    /// <summary>True where test cards are taken and the clock may be moved: <c>Portal:Sandbox</c>, by default in development.</summary>
    public static bool IsSandbox(this IConfiguration configuration, IHostEnvironment environment) =>
        configuration.GetValue("Portal:Sandbox", environment.IsDevelopment());

    /// <summary>Registers payments.</summary>
    public static WebApplicationBuilder AddPortalPayments(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var sandbox = builder.Configuration.IsSandbox(builder.Environment);
        builder.Services.AddPayments(PaymentSettings.Read(builder.Configuration, sandbox)).AddDunning().AddTaxChecks(sandbox, builder.Configuration);
        return builder;
    }

    /// <summary>Tells the sandbox where this node listens, once it does.</summary>
    public static WebApplication UsePortalPayments(this WebApplication app)
    {
        ArgumentNullException.ThrowIfNull(app);
        if (app.Services.GetService<SandboxSender>() is not { } sender) return app;
        app.Lifetime.ApplicationStarted.Register(() =>
        {
            sender.Portal = OwnAddress(app.Services.GetRequiredService<IServer>());
            sender.Wake();
        });
        return app;
    }

    // Without TLS where there is a choice: the certificate need not be one that this node trusts.
    private static Uri? OwnAddress(IServer server) => server.Features.Get<IServerAddressesFeature>()?.Addresses
        .OrderBy(address => !address.StartsWith("http://", StringComparison.OrdinalIgnoreCase))
        .Select(address => BindingAddress.Parse(address))
        .Select(address => new UriBuilder(address.Scheme, address.Host is "*" or "+" or "[::]" or "0.0.0.0" ? "localhost" : address.Host, address.Port).Uri)
        .FirstOrDefault();
}
