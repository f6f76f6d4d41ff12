using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Portal.Domain;
using Portal.Domain.Data;
using Portal.Domain.Invoicing;
using Portal.Domain.Notifications;
using Portal.Domain.Payments;
using Portal.Domain.Taxes;
using Portal.Domain.Wallet;
using Portal.Domain.Webhooks;
using Portal.Jobs;

var builder = Host.CreateApplicationBuilder(args);
builder.AddPortalSettings();
builder.AddPortalLogs();
try
{
    var sandbox = builder.Configuration.GetValue("Portal:Sandbox", builder.Environment.IsDevelopment());
    await using var database = await ConfiguredDatabase.AddAsync(builder);
    builder.Services
        .AddSingleton(TimeProvider.System)
        .AddSingleton(provider => MailSettings.Transport(provider.GetRequiredService<IConfiguration>(), provider.GetRequiredService<TimeProvider>()))
        .AddSingleton(WebhookSettings.Read(builder.Configuration, builder.Environment.IsDevelopment()))
        .AddSingleton(SiteAddress.Read(builder.Configuration))
        .AddPortalDomain()
        .AddPayments(PaymentSettings.Read(builder.Configuration, sandbox))
        .AddDunning()
        .AddTaxChecks(sandbox, builder.Configuration)
        .AddHostedService<WalletAnnouncer>()
        .Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(7));
    await builder.AddJobClientAsync(database);
    builder.AddJobServer();
    await builder.Build().RunAsync();
    return 0;
}
catch (CannotStartException e)
{
    await Console.Error.WriteLineAsync(e.Message);
    return 1;
}
