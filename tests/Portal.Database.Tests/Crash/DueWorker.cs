using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Portal.Domain;
using Portal.Domain.Data;
using Portal.Domain.Wallet;

namespace Portal.Database.Tests.Crash;

/// <summary>The process that is killed while it settles wallets.</summary>
internal static class DueWorker
{
    public static async Task RunAsync(string connectionString)
    {
        await using var source = PortalDatabase.Open(connectionString);
        await using var services = new ServiceCollection()
            .AddSingleton(source)
            .AddSingleton(typeof(Microsoft.Extensions.Logging.ILogger<>), typeof(NullLogger<>))
            .AddSingleton(TimeProvider.System)
            .AddOptions()
            .AddPortalDomain()
            .BuildServiceProvider();
        while (true) await services.GetRequiredService<DueWallets>().SettleAsync();
    }
}
