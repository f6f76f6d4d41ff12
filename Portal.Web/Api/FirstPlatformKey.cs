using Npgsql;
using Portal.Domain.Tenants;

namespace Portal.Web.Api;

/// <summary>
/// Makes sure at start that there is a platform key: the one of <c>Portal:BootstrapPlatformKey</c>, or in development a new one, which is
/// printed this once.
/// </summary>
public sealed class FirstPlatformKey(NpgsqlDataSource source, IConfiguration configuration, IHostEnvironment environment) : IHostedService
{
    private const int ShortestInProduction = 32;

    /// <inheritdoc />
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var configured = configuration["Portal:BootstrapPlatformKey"];
        if (configured is { Length: > 0 and < ShortestInProduction } && environment.IsProduction())
            throw new InvalidOperationException($"Portal:BootstrapPlatformKey must have at least {ShortestInProduction} characters in production.");
        var made = await ApiKeys.EnsurePlatformKeyAsync(source, configured, environment.IsDevelopment(), cancellationToken);
        if (made is not null) Console.WriteLine($"Platform key (shown once): {made}");
    }

    /// <inheritdoc />
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
