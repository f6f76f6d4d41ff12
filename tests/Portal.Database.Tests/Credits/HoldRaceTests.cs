using Portal.Domain.Metering.Intake;
using Portal.Domain.Wallet;
using Portal.Testing;

namespace Portal.Database.Tests.Wallet;

/// <summary>Holds and captures that meet: one winner, nothing lost, nothing twice.</summary>
public sealed class HoldRaceTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [Fact]
    public async Task Case_19_fifty_parallel_holds_on_the_last_credit_exactly_one_wins()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var tenant = await portal.AddTenantAsync("acme");
        await portal.GrantAsync(tenant, 1m);

        var holds = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Task.Run(() => portal.HoldAsync(tenant, 1m))));

        holds.Count(hold => hold.Succeeded).ShouldBe(1);
        holds.Where(hold => !hold.Succeeded).ShouldAllBe(hold => hold.Problem!.Code == "insufficient_credits" && hold.Problem.Number("available") == 0m);
        (await portal.ScalarAsync("select count(*) from holds")).ShouldBe(1L);
        (await portal.ScalarAsync("select held from pools")).ShouldBe(1m);
        await portal.ShouldReconcileAsync();
    }

    [Fact]
    public async Task Case_19_fifty_parallel_holds_on_the_last_of_an_allowance_exactly_one_wins()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var tenant = await portal.AddTenantAsync("acme");
        await portal.GrantAsync(tenant, 100m);
        await portal.AddConsumerAsync(tenant, "ana");
        await portal.AllowAsync(tenant, "ana", "shared", 1m);

        var holds = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Task.Run(() => portal.HoldAsync(tenant, 1m, consumer: "ana"))));

        holds.Count(hold => hold.Succeeded).ShouldBe(1);
        holds.Where(hold => !hold.Succeeded).ShouldAllBe(hold => hold.Problem!.Code == "allowance_exceeded");
        (await portal.ScalarAsync("select held from pools")).ShouldBe(1m);
    }

    /// <summary>Each round a hold runs out while it is captured: it is booked once, as captured or as expired, and its credits are free once.</summary>
    [Fact]
    public async Task Case_20_a_capture_races_the_expiry_of_its_hold()
    {
        const int rounds = 60;
        await using var portal = await TestPortal.StartAsync(postgres);
        var tenant = await portal.AddTenantAsync("acme");
        await portal.GrantAsync(tenant, 1000m, value: 1000m);
        var ends = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var round = 0; round < rounds; round++)
        {
            var hold = (await portal.HoldAsync(tenant, 8m, seconds: 30)).Value;
            var expiry = Task.Run(async () =>
            {
                await portal.AdvanceAsync(TimeSpan.FromSeconds(30));
                await portal.Wallets.SettleAsync(tenant);
            });
            var capture = Task.Run(() => portal.CaptureAsync(hold, 4m));
            await Task.WhenAll(expiry, capture);

            var answer = (await capture).Value;
            (answer.Status, answer.Credits).ShouldBe(("accepted", 4m));
            answer.Hold.ShouldBeOneOf("captured", "expired");
            ends[answer.Hold] = ends.GetValueOrDefault(answer.Hold) + 1;
            (await portal.CaptureAsync(hold, 4m)).Value.ShouldBe(answer);
            (await portal.ScalarAsync("select held from pools")).ShouldBe(0m);
        }

        ends.Values.Sum().ShouldBe(rounds);
        (await portal.FiguresAsync(tenant)).ShouldBe(new BalanceFigures(1000m - (4m * rounds), 0m, 0m, 0m));
        (await portal.ScalarAsync("select count(*) from events")).ShouldBe((long)rounds);
        (await portal.BalanceAsync(tenant, "revenue:usage", "USD")).ShouldBe(-4m * rounds);
        await portal.ShouldReconcileAsync();
    }

    [Fact]
    public async Task Parallel_captures_of_one_hold_book_once_and_all_get_the_same_answer()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var tenant = await portal.AddTenantAsync("acme");
        await portal.GrantAsync(tenant, 100m);
        for (var round = 0; round < 10; round++)
        {
            var hold = (await portal.HoldAsync(tenant, 5m)).Value;
            var usage = TestPortal.Usage("acme", $"{round}", 3000, at: DateTimeOffset.UtcNow);
            var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => portal.CaptureAsync(hold, usage))));
            answers.Select(answer => answer.Value).Distinct().Count().ShouldBe(1);
        }

        (await portal.FiguresAsync(tenant)).ShouldBe(new BalanceFigures(70m, 0m, 0m, 0m));
        await portal.ShouldReconcileAsync();
    }

    [Fact]
    public async Task Of_parallel_captures_with_different_bodies_one_wins()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var tenant = await portal.AddTenantAsync("acme");
        await portal.GrantAsync(tenant, 100m);
        for (var round = 0; round < 10; round++)
        {
            var hold = (await portal.HoldAsync(tenant, 5m)).Value;
            var answers = await Task.WhenAll(Enumerable.Range(1, 5).Select(credits => Task.Run(() => portal.CaptureAsync(hold, credits))));
            answers.Count(answer => answer.Succeeded).ShouldBe(1);
            answers.Where(answer => !answer.Succeeded).ShouldAllBe(answer => answer.Problem!.Code == "hold_captured");
        }

        (await portal.ScalarAsync("select count(*) from events")).ShouldBe(10L);
        (await portal.ScalarAsync("select 100 - sum(credits) from events")).ShouldBe((await portal.FiguresAsync(tenant)).Balance);
        await portal.ShouldReconcileAsync();
    }

    [Fact]
    public async Task A_capture_races_a_release_and_either_books_or_is_refused()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var tenant = await portal.AddTenantAsync("acme");
        await portal.GrantAsync(tenant, 1000m);
        var captured = 0;
        for (var round = 0; round < 30; round++)
        {
            var hold = (await portal.HoldAsync(tenant, 5m)).Value;
            var (capture, release) = (Task.Run(() => portal.CaptureAsync(hold, 2m)), Task.Run(() => portal.ReleaseAsync(hold)));
            await Task.WhenAll(capture, release);
            ((await capture).Succeeded ^ (await release).Succeeded).ShouldBeTrue();
            if ((await capture).Succeeded) captured++;
            else (await capture).Problem!.Code.ShouldBe("hold_released");
        }

        (await portal.FiguresAsync(tenant)).ShouldBe(new BalanceFigures(1000m - (2m * captured), 0m, 0m, 0m));
        (await portal.ScalarAsync("select count(*) from events")).ShouldBe((long)captured);
        await portal.ShouldReconcileAsync();
    }

    [Fact]
    public async Task Holds_captures_and_usage_in_parallel_leave_the_books_equal()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var tenant = await portal.AddTenantAsync("acme");
        await portal.GrantAsync(tenant, 120m, value: 12m);
        var usage = Enumerable.Range(0, 20).Select(i => Task.Run(() => portal.SendAsync(TestPortal.Usage("acme", $"u{i}", 1000))));
        var work = Enumerable.Range(0, 40).Select(i => Task.Run(async () =>
        {
            var hold = await portal.HoldAsync(tenant, 3m, product: "llm");
            if (!hold.Succeeded) return 0m;
            return i % 4 == 0 ? 0m : (await portal.CaptureAsync(hold.Value, TestPortal.Usage("acme", $"c{i}", 2000))).Value.Credits!.Value;
        }));

        var (sent, captured) = (await Task.WhenAll(usage), await Task.WhenAll(work));

        sent.ShouldAllBe(answer => answer[0].Status == EventStatus.Accepted);
        var figures = await portal.FiguresAsync(tenant);
        figures.Balance.ShouldBe(120m - 20m - captured.Sum());
        figures.Held.ShouldBe((decimal)(await portal.ScalarAsync("select coalesce(sum(amount), 0) from holds where state = 'open'"))!);
        figures.Balance.ShouldBeGreaterThanOrEqualTo(figures.Held - 20m); // only usage draws what is held
        await portal.ShouldReconcileAsync();
    }
}
