using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Portal.Domain.Metering.Intake;
using Portal.Domain.Metering.Meters;
using Portal.Domain.Wallet;
using Portal.Testing;

namespace Portal.Database.Tests.Credits;

public sealed class BackpressureTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [Fact]
    public async Task Beyond_what_may_wait_requests_are_turned_away_with_nothing_taken_and_then_taken_when_sent_again()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var tenant = await portal.AddTenantAsync("acme");
        await portal.GrantAsync(tenant, 100m);
        var small = new UsageIntake(
            portal.Source, portal.Services.GetRequiredService<WalletDirectories>(), portal.Services.GetRequiredService<Catalogues>(),
            portal.Services.GetRequiredService<IDebtAttribution>(), portal.Services.GetRequiredService<DueWork>(), portal.Services.GetRequiredService<WalletSignals>(),
            Options.Create(new IntakeOptions { WaitingEvents = 1, Batchers = 1 }), NullLogger<UsageIntake>.Instance);
        var first = Take(small, TestPortal.Usage("acme", "1", 1000), TestPortal.Usage("acme", "2", 1000)); // waits: no batcher runs yet
        SpinWait.SpinUntil(() => small.WaitingEvents == 2, TimeSpan.FromSeconds(30)).ShouldBeTrue();

        (await Take(small, TestPortal.Usage("acme", "3", 1000))).Problem!.Code.ShouldBe("too_busy");

        await small.StartAsync(CancellationToken.None);
        (await first).Value.ShouldAllBe(usage => usage.Status == EventStatus.Accepted);
        SpinWait.SpinUntil(() => small.WaitingEvents == 0, TimeSpan.FromSeconds(30)).ShouldBeTrue();
        (await Take(small, TestPortal.Usage("acme", "3", 1000))).Value[0].Status.ShouldBe(EventStatus.Accepted);
        await small.StopAsync(CancellationToken.None);
        (await portal.BalanceAsync(tenant, "pool:shared")).ShouldBe(97m);
    }

    private static Task<Domain.Kernel.Result<IReadOnlyList<UsageEvent>>> Take(UsageIntake intake, params string[] events) =>
        intake.TakeAsync(Encoding.UTF8.GetBytes($"[{string.Join(',', events)}]"), onlyTenant: null, CancellationToken.None);
}
