using System.Globalization;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Portal.Domain;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Metering.Intake;
using Portal.Domain.Tenants;
using Portal.Domain.Wallet;
using Portal.Testing;

namespace Portal.Database.Tests.Crash;

/// <summary>
/// The process that is killed: four loops at once on one wallet until the end comes. Each command that was answered is a line of output,
/// written after the answer; what has no line may or may not have happened.
/// </summary>
internal static class CrashWorker
{
    public static async Task RunAsync(string[] args)
    {
        var tenant = long.Parse(args[1], CultureInfo.InvariantCulture);
        await using var source = PortalDatabase.Open(args[0]);
        await using var services = new ServiceCollection()
            .AddSingleton(source)
            .AddSingleton(typeof(Microsoft.Extensions.Logging.ILogger<>), typeof(NullLogger<>))
            .AddSingleton(TimeProvider.System)
            .AddOptions()
            .AddPortalDomain()
            .BuildServiceProvider();
        var (wallets, intake, captures) = (services.GetRequiredService<Wallets>(), services.GetRequiredService<UsageIntake>(), services.GetRequiredService<Captures>());
        await intake.StartAsync(CancellationToken.None);
        Func<Task>[] all = [() => UseAsync(intake), () => TransferAsync(wallets, tenant), () => ExpireAsync(wallets, tenant), () => CaptureAsync(wallets, captures, tenant)];
        foreach (var once in all) await once();
        Say("ready");
        await Task.WhenAll(all.Select(ForeverAsync));
    }

    private static async Task ForeverAsync(Func<Task> work)
    {
        while (true) await work();
    }

    private static async Task UseAsync(UsageIntake intake)
    {
        var id = Guid.NewGuid().ToString("N");
        var taken = await intake.TakeAsync(Encoding.UTF8.GetBytes(TestPortal.Usage("acme", id, 250)), onlyTenant: null, CancellationToken.None);
        if (taken.Value[0].Status == EventStatus.Accepted) Say($"event {taken.Value[0].TransactionId:N}");
    }

    /// <summary>Holds credits and captures more, less, or as many; every fourth is left to expire.</summary>
    private static async Task CaptureAsync(Wallets wallets, Captures captures, long tenant)
    {
        for (var i = 0; i < 4; i++)
        {
            var hold = await wallets.RunAsync(tenant, wallet => Holds.PlaceAsync(wallet, new HoldOrder(2m, Product: "llm", Ttl: TimeSpan.FromSeconds(1))));
            if (!hold.Succeeded) continue;
            Say($"hold {hold.Value.Id:N}");
            if (i == 3) continue;
            var captured = await wallets.RunAsync(tenant, wallet => captures.CaptureAsync(wallet, hold.Value.Id, new CaptureOrder(default, 1m + i)));
            if (captured.Succeeded) Say($"captured {hold.Value.Id:N}");
        }
    }

    /// <summary>To the team's pool and back.</summary>
    private static async Task TransferAsync(Wallets wallets, long tenant)
    {
        foreach (var (from, to) in new[] { ("shared", "team"), ("team", "shared") })
        {
            var moved = await wallets.RunAsync(tenant, wallet => PoolTransfers.MoveAsync(wallet, from, to, 1.5m));
            if (moved.Succeeded) Say($"transfer {moved.Value.TransactionId:N}");
        }
    }

    /// <summary>A grant that lasts some milliseconds, and whatever has expired since.</summary>
    private static async Task ExpireAsync(Wallets wallets, long tenant)
    {
        var granted = await wallets.RunAsync(tenant, wallet => Grants.CreateAsync(wallet, new GrantOrder(
            7m, "solo", GrantSource.Purchase, Value: 1m, CostBasis: null, Currency: null, ExpiresAt: wallet.Now.AddMilliseconds(5))));
        Say($"grant {granted.Value.Id:N}");
        await Task.Delay(6);
        await wallets.SettleAsync(tenant);
        Say($"expired {granted.Value.Id:N}");
    }

    private static void Say(string line)
    {
        // One write: two loops that speak at once must not mix their lines.
        lock (Console.Out)
        {
            Console.Out.Write(line + "\n");
            Console.Out.Flush();
        }
    }
}
