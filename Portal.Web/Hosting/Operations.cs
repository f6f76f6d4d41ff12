using Npgsql;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using Portal.Domain.Kernel;
using Portal.Domain.Metering.Intake;
using Portal.Jobs;

namespace Portal.Web.Hosting;

/// <summary>What whoever runs the portal looks at: logs, probes, metrics, traces, and how it stops.</summary>
public static class Operations
{
    /// <summary>Kestrel, the intake and the jobs share it; the database's server stops after them, all within ten seconds.</summary>
    public static readonly TimeSpan ShutdownTimeout = TimeSpan.FromSeconds(7);

    private const string OtlpEndpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";

    /// <summary>Registers logs, probes, metrics, and traces where <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> says whom to send them to.</summary>
    public static WebApplicationBuilder AddPortalOperations(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.AddPortalLogs();
        // Hosted services stop one after another, the server first: what was taken is answered before the intake ends.
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = ShutdownTimeout);
        Health.Add(builder.Services);
        builder.Services.AddHostedService<IntakeGauge>();
        var telemetry = builder.Services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService("portal"))
            .WithMetrics(metrics => metrics
                .AddMeter(Telemetry.Name, "Npgsql")
                .AddAspNetCoreInstrumentation()
                .AddRuntimeInstrumentation()
                .AddPrometheusExporter());
        if (builder.Configuration[OtlpEndpoint] is { Length: > 0 })
        {
            telemetry.WithTracing(traces => traces
                .AddSource(Telemetry.Name)
                .AddAspNetCoreInstrumentation(http => http.Filter = context => !IsProbe(context.Request.Path))
                .AddHttpClientInstrumentation()
                .AddNpgsql()
                .AddOtlpExporter());
        }

        return builder;
    }

    /// <summary>Maps the probes and <c>/metrics</c>.</summary>
    public static WebApplication MapPortalOperations(this WebApplication app)
    {
        ArgumentNullException.ThrowIfNull(app);
        Health.Map(app);
        app.MapPrometheusScrapingEndpoint("/metrics").AllowAnonymous();
        return app;
    }

    private static bool IsProbe(PathString path) =>
        path.StartsWithSegments("/health", StringComparison.Ordinal) || path.StartsWithSegments("/metrics", StringComparison.Ordinal)
        || path.StartsWithSegments("/_blazor", StringComparison.Ordinal) || path.StartsWithSegments("/_framework", StringComparison.Ordinal);

    /// <summary>Shows how many events wait in this process's intake.</summary>
    private sealed class IntakeGauge(UsageIntake intake) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken)
        {
            Telemetry.Meter.CreateObservableGauge("portal.intake.waiting", () => intake.WaitingEvents, "{event}", "Events that wait to be committed.");
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
