using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Serilog;
using Serilog.Events;
using Serilog.Formatting.Compact;

namespace Portal.Jobs;

/// <summary>
/// Logs to the console: lines for people in development, JSON elsewhere. Levels come from section <c>Logging</c>. Nobody logs bodies,
/// keys or card numbers.
/// </summary>
public static class Logs
{
    /// <summary>Replaces the host's logging.</summary>
    public static IHostApplicationBuilder AddPortalLogs(this IHostApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddSerilog(logs =>
        {
            logs.Enrich.FromLogContext().Enrich.WithProperty("Application", builder.Environment.ApplicationName);
            foreach (var (category, level) in Levels(builder.Configuration))
            {
                if (category == "Default") logs.MinimumLevel.Is(level);
                else logs.MinimumLevel.Override(category, level);
            }

            if (builder.Environment.IsDevelopment())
                logs.WriteTo.Console(outputTemplate: "{Timestamp:HH:mm:ss} {Level:u3} {SourceContext}: {Message:lj}{NewLine}{Exception}", formatProvider: System.Globalization.CultureInfo.InvariantCulture);
            else
                logs.WriteTo.Console(new RenderedCompactJsonFormatter());
        });
        return builder;
    }

    private static IEnumerable<(string Category, LogEventLevel Level)> Levels(IConfiguration configuration)
    {
        foreach (var entry in configuration.GetSection("Logging:LogLevel").GetChildren())
        {
            yield return (entry.Key, entry.Value switch
            {
                "Trace" => LogEventLevel.Verbose,
                "Debug" => LogEventLevel.Debug,
                "Warning" => LogEventLevel.Warning,
                "Error" => LogEventLevel.Error,
                "Critical" or "None" => LogEventLevel.Fatal,
                _ => LogEventLevel.Information,
            });
        }
    }
}
