using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Metering.Intake;

namespace Portal.Web.Hosting;

/// <summary>Probes: <c>/health/live</c> answers while the process serves, <c>/health/ready</c> while it can do its work.</summary>
public static class Health
{
    private const string Ready = "ready";

    /// <summary>Registers what readiness asks for.</summary>
    public static void Add(IServiceCollection services) => services.AddHealthChecks()
        .AddCheck<DatabaseCheck>("database", tags: [Ready], timeout: TimeSpan.FromSeconds(5))
        .AddCheck<IntakeCheck>("intake", tags: [Ready]);

    /// <summary>Maps the probes; open to everybody, they say nothing but names and states.</summary>
    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapHealthChecks("/health/live", new HealthCheckOptions { Predicate = _ => false, ResponseWriter = WriteAsync }).AllowAnonymous();
        app.MapHealthChecks("/health/ready", new HealthCheckOptions { Predicate = check => check.Tags.Contains(Ready), ResponseWriter = WriteAsync }).AllowAnonymous();
    }

    private static Task WriteAsync(HttpContext http, HealthReport report) => http.Response.WriteAsJsonAsync(new
    {
        status = report.Status.ToString(),
        checks = report.Entries.ToDictionary(entry => entry.Key, entry => entry.Value.Description ?? entry.Value.Status.ToString(), StringComparer.Ordinal),
    });

    private sealed class DatabaseCheck(IDbContextFactory<PortalDbContext> contexts) : IHealthCheck
    {
        private bool migrated; // it does not come undone while we run

        public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
        {
            try
            {
                await using var db = await contexts.CreateDbContextAsync(cancellationToken);
                await db.Database.ExecuteSqlRawAsync("select 1", cancellationToken);
                migrated = migrated || !(await db.Database.GetPendingMigrationsAsync(cancellationToken)).Any();
                return migrated ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy("Migrations are missing: ./portal migrate");
            }
            catch (NpgsqlException exception)
            {
                return HealthCheckResult.Unhealthy("The database does not answer", exception);
            }
        }
    }

    private sealed class IntakeCheck(UsageIntake intake) : IHealthCheck
    {
        public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
            Task.FromResult(intake.IsRunning ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy("Takes no usage"));
    }
}
