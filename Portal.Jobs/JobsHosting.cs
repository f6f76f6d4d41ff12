using Hangfire;
using Hangfire.PostgreSql;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Portal.Domain.Data;
using Portal.Domain.Metering.Rerating;
using Portal.Domain.Wallet;

namespace Portal.Jobs;

/// <summary>Hangfire in a host: what asks for jobs, and what runs them.</summary>
public static class JobsHosting
{
    /// <summary>Makes Hangfire's tables where the owner's role is known, and registers its client. Wants the domain registered.</summary>
    public static async Task<IHostApplicationBuilder> AddJobClientAsync(this IHostApplicationBuilder builder, ConfiguredDatabase database)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(database);
        if (database.OwnerConnectionString is { } owner) await JobTables.MigrateAsync(owner);
        builder.Services.AddHangfire(hangfire => hangfire
            .SetDataCompatibilityLevel(CompatibilityLevel.Version_180)
            .UseSimpleAssemblyNameTypeSerializer()
            .UseRecommendedSerializerSettings()
            .UsePostgreSqlStorage(storage => storage.UseNpgsqlConnection(database.AppConnectionString), JobTables.Options));
        builder.Services.AddSingleton<RecurringJobs>();
        return builder;
    }

    /// <summary>Runs the jobs in this process, by their schedule, and operations as they are asked for.</summary>
    public static IHostApplicationBuilder AddJobServer(this IHostApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.Configure<DueOptions>(builder.Configuration.GetSection("Due"));
        builder.Services.AddHostedService<JobSchedule>();
        builder.Services.AddHostedService<OperationWorker>();
        builder.Services.AddHangfireServer(server =>
        {
            server.WorkerCount = 4;
            server.SchedulePollingInterval = TimeSpan.FromSeconds(5);
            server.StopTimeout = TimeSpan.FromSeconds(2);
            server.ShutdownTimeout = TimeSpan.FromSeconds(3);
        });
        return builder;
    }
}
