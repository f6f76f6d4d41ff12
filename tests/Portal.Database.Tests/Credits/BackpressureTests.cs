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
        var small = Intake(portal, new IntakeOptions { WaitingEvents = 1, Batchers = 1 });
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

    [Fact]
    public async Task Beyond_the_bytes_that_may_be_held_requests_are_turned_away_unread_though_their_senders_left()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var tenant = await portal.AddTenantAsync("acme");
        await portal.GrantAsync(tenant, 100m);
        var small = Intake(portal, new IntakeOptions { WaitingBytes = 1, Batchers = 1 });
        var body = Encoding.UTF8.GetBytes(TestPortal.Usage("acme", "1", 1000));
        using var leaving = new CancellationTokenSource();
        var first = small.TakeAsync(body, onlyTenant: null, leaving.Token); // larger than the bound, but alone: it waits, no batcher runs yet
        SpinWait.SpinUntil(() => small.WaitingEvents == 1, TimeSpan.FromSeconds(30)).ShouldBeTrue();
        await leaving.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(first);
        small.WaitingBytes.ShouldBe(body.Length);

        var unread = true;
        (await Read(7)).Problem!.Code.ShouldBe("too_busy");
        (await Read(null)).Problem!.Code.ShouldBe("too_busy");
        unread.ShouldBeTrue();
        (await Take(small, TestPortal.Usage("acme", "2", 1000))).Problem!.Code.ShouldBe("too_busy");
        small.WaitingBytes.ShouldBe(body.Length);

        await small.StartAsync(CancellationToken.None);
        SpinWait.SpinUntil(() => small.WaitingBytes == 0, TimeSpan.FromSeconds(30)).ShouldBeTrue();
        (await Read(7)).Succeeded.ShouldBeTrue();
        unread.ShouldBeFalse();
        (await small.TakeAsync("no json"u8.ToArray(), onlyTenant: null, CancellationToken.None)).Succeeded.ShouldBeFalse();
        small.WaitingBytes.ShouldBe(0); // what is refused is let go too
        (await Take(small, TestPortal.Usage("acme", "2", 1000))).Value[0].Status.ShouldBe(EventStatus.Accepted);
        await small.StopAsync(CancellationToken.None);
        small.WaitingBytes.ShouldBe(0);
        (await portal.BalanceAsync(tenant, "pool:shared")).ShouldBe(98m); // 100 − 2 events of 1, the first one's sender gone or not

        ValueTask<Domain.Kernel.Result<ReadOnlyMemory<byte>>> Read(long? length) => small.ReadAsync(length, () =>
        {
            unread = false;
            return ValueTask.FromResult<Domain.Kernel.Result<ReadOnlyMemory<byte>>>(new ReadOnlyMemory<byte>(new byte[7]));
        });
    }

    private static UsageIntake Intake(TestPortal portal, IntakeOptions options) => new(
        portal.Source, portal.Services.GetRequiredService<WalletDirectories>(), portal.Services.GetRequiredService<Catalogues>(),
        portal.Services.GetRequiredService<IDebtAttribution>(), portal.Services.GetRequiredService<DueWork>(), portal.Services.GetRequiredService<WalletSignals>(), new Domain.Metering.Watching.IntakeCounts(),
        Options.Create(options), NullLogger<UsageIntake>.Instance);

    private static Task<Domain.Kernel.Result<IReadOnlyList<UsageEvent>>> Take(UsageIntake intake, params string[] events) =>
        intake.TakeAsync(Encoding.UTF8.GetBytes($"[{string.Join(',', events)}]"), onlyTenant: null, CancellationToken.None);
}
