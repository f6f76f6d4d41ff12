using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Portal.Database.Tests.Webhooks;
using Portal.Domain;
using Portal.Domain.Data;
using Portal.Domain.Invoicing;
using Portal.Domain.Notifications;
using Portal.Domain.Payments;
using Portal.Domain.Taxes;
using Portal.Domain.Webhooks;
using Portal.Jobs;
using Portal.Testing;

namespace Portal.Database.Tests.Jobs;

/// <summary>
/// A process that runs jobs, with connections of its own. Once they were cut it gets no others: whatever it still does, the database does not
/// see it, as of a process that was killed.
/// </summary>
internal sealed class JobProcess : IAsyncDisposable
{
    /// <summary>The name of connections that can be cut; of others nothing is counted.</summary>
    public const string Mortal = "job";

    private readonly NpgsqlDataSource source;
    private readonly ServiceProvider services;

    public JobProcess(TestDatabase database, IMailTransport mail, string name = Mortal)
    {
        var settings = new NpgsqlConnectionStringBuilder(database.AppConnectionString)
        {
            ApplicationName = name,
            MaxAutoPrepare = 100,
            AutoPrepareMinUsages = 2,
            NoResetOnClose = true,
            Timezone = "UTC",
        };
        var builder = new NpgsqlDataSourceBuilder(settings.ConnectionString);
        if (name == Mortal) builder.UsePhysicalConnectionInitializer(RefuseTheDead, async connection => await RefuseTheDeadAsync(connection));
        source = builder.Build();
        services = new ServiceCollection()
            .AddSingleton(typeof(ILogger<>), typeof(NullLogger<>))
            .AddSingleton<ILoggerFactory>(NullLoggerFactory.Instance)
            .AddSingleton(source)
            .AddSingleton(TimeProvider.System)
            .AddSingleton(mail)
            .AddSingleton(WebhooksWorld.Settings)
            .AddSingleton<IWebhookBodyWriter>(new PlainBodies())
            .AddDbContextFactory<PortalDbContext>(options => PortalDbContext.Configure(options.UseNpgsql(source)))
            .AddPortalDomain()
            .AddPayments(new PaymentSettings { Sandbox = true })
            .AddDunning()
            .AddTaxChecks(sandbox: true)
            .BuildServiceProvider();
    }

    public RecurringJobs Jobs => ActivatorUtilities.CreateInstance<RecurringJobs>(services);

    public async ValueTask DisposeAsync()
    {
        await services.DisposeAsync();
        await source.DisposeAsync();
    }

    private static void RefuseTheDead(NpgsqlConnection connection) => throw new NotSupportedException("Nothing opens connections synchronously.");

    private static async Task RefuseTheDeadAsync(NpgsqlConnection connection)
    {
        await using var command = new NpgsqlCommand("select was_cut from cut", connection);
        if (await command.ExecuteScalarAsync() is true) throw new InvalidOperationException("The process was killed.");
    }
}
