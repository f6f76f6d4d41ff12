using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Portal.Domain.Kernel;
using Portal.Domain.Metering.Corrections;
using Portal.Domain.Tenants;
using Portal.Domain.Wallet;
using Portal.Testing;

namespace Portal.Database.Tests.Wallet;

/// <summary>What counts against an allowance, what it refuses, and what becomes of it when it is changed.</summary>
public sealed class AllowanceTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    /// <summary>A team's pool of 20 that overflows to a shared one of 100; ana and ben draw from the team's.</summary>
    private async Task<(TestPortal Portal, long Tenant)> TeamAsync(string zone = "UTC")
    {
        var portal = await TestPortal.StartAsync(postgres);
        var tenant = await portal.AddTenantAsync("acme", zone, "team-a");
        await portal.GrantAsync(tenant, 20m, pool: "team-a");
        await portal.GrantAsync(tenant, 100m);
        await portal.AddConsumerAsync(tenant, "ana", "team-a");
        await portal.AddConsumerAsync(tenant, "ben", "team-a");
        return (portal, tenant);
    }

    [Fact]
    public async Task It_counts_all_that_its_consumer_draws_through_the_pool_overflow_included()
    {
        var (portal, tenant) = await TeamAsync();
        await using var _ = portal;
        (await portal.AllowAsync(tenant, "ana", "team-a", 50m)).Value.Created.ShouldBeTrue();

        await portal.SendAsync(
            TestPortal.Usage("acme", "1", 25_000, consumer: "ana"), // 20 of the team's and 5 of the shared pool
            TestPortal.Usage("acme", "2", 3_000, consumer: "ben"), // another's
            TestPortal.Usage("acme", "3", 4_000, consumer: "ana", pool: "shared")); // through another pool

        var standing = await portal.AllowanceAsync(tenant, "ana");
        (standing.Limit, standing.Used, standing.Held, standing.Available).ShouldBe((50m, 25m, 0m, 25m));
        await portal.ShouldReconcileAsync();
    }

    [Fact]
    public async Task A_hard_one_refuses_holds_beyond_it_and_says_when_it_frees()
    {
        var (portal, tenant) = await TeamAsync();
        await using var _ = portal;
        await portal.AllowAsync(tenant, "ana", "team-a", 10m, "day");
        await portal.SendAsync(TestPortal.Usage("acme", "1", 6_000, consumer: "ana"));
        var end = (await portal.AllowanceAsync(tenant, "ana")).PeriodEnd;

        var refused = (await portal.HoldAsync(tenant, 5m, consumer: "ana")).Problem!;
        refused.Code.ShouldBe("allowance_exceeded");
        (refused.Number("requested"), refused.Number("available")).ShouldBe((5m, 4m));
        refused.Extensions!["limit"].ShouldBe(new AllowanceLimit("allowance", "ana", "team-a", "day", 10m, 6m, 0m, end));

        var hold = (await portal.HoldAsync(tenant, 4m, consumer: "ana", seconds: 1)).Value; // 6 + 4 = 10: exactly
        var second = ((AllowanceLimit)(await portal.HoldAsync(tenant, 0.5m, consumer: "ana")).Problem!.Extensions!["limit"]!);
        (second.Held, second.FreesAt).ShouldBe((4m, hold.ExpiresAt)); // sooner than the day
        (await portal.HoldAsync(tenant, 0m, consumer: "ana")).Succeeded.ShouldBeTrue();
        (await portal.HoldAsync(tenant, 9m, consumer: "ben")).Succeeded.ShouldBeTrue();
        (await portal.HoldAsync(tenant, 9m, "shared", consumer: "ana")).Succeeded.ShouldBeTrue();
        (await portal.SendAsync(TestPortal.Usage("acme", "2", 6_000, consumer: "ana")))[0].Credits.ShouldBe(6m); // facts pass: 12 of 10
        (await portal.AllowanceAsync(tenant, "ana")).Available.ShouldBe(0m);

        await portal.AdvanceAsync(end!.Value - await portal.NowAsync());
        (await portal.HoldAsync(tenant, 10m, consumer: "ana")).Succeeded.ShouldBeTrue();
        (await portal.AllowanceAsync(tenant, "ana")).Used.ShouldBe(0m);
        await portal.ShouldReconcileAsync();
    }

    [Fact]
    public async Task A_lifetime_never_frees()
    {
        var (portal, tenant) = await TeamAsync();
        await using var _ = portal;
        await portal.AllowAsync(tenant, "ana", "team-a", 10m, "lifetime");
        await portal.SendAsync(TestPortal.Usage("acme", "1", 6_000, consumer: "ana"));
        await portal.AdvanceAsync(400 * Day);

        ((AllowanceLimit)(await portal.HoldAsync(tenant, 5m, consumer: "ana")).Problem!.Extensions!["limit"]!).FreesAt.ShouldBeNull();
        (await portal.HoldAsync(tenant, 4m, consumer: "ana")).Succeeded.ShouldBeTrue();
    }

    [Fact]
    public async Task A_hold_counts_while_it_is_open_and_its_capture_instead_of_it()
    {
        var (portal, tenant) = await TeamAsync();
        await using var _ = portal;
        await portal.AllowAsync(tenant, "ana", "team-a", 10m);
        var hold = (await portal.HoldAsync(tenant, 8m, consumer: "ana")).Value;
        (await portal.AllowanceAsync(tenant, "ana")).Available.ShouldBe(2m);
        (await portal.ChangeAsync(hold, credits: 11m)).Problem!.Code.ShouldBe("allowance_exceeded");
        (await portal.ChangeAsync(hold, credits: 10m)).Succeeded.ShouldBeTrue();

        await portal.CaptureAsync(hold, 3m);
        await portal.CaptureAsync(hold, 3m); // a repeat counts nothing

        var standing = await portal.AllowanceAsync(tenant, "ana");
        (standing.Used, standing.Held, standing.Available).ShouldBe((3m, 0m, 7m));
        await portal.ShouldReconcileAsync();
    }

    [Fact]
    public async Task Case_47_usage_before_the_limit_was_made_is_no_breach_of_it()
    {
        var (portal, tenant) = await TeamAsync();
        await using var _ = portal;
        await portal.SendAsync(TestPortal.Usage("acme", "before", 15_000, consumer: "ana"));

        (await portal.AllowAsync(tenant, "ana", "team-a", 10m)).Value.Allowance.Used.ShouldBe(0m);
        await portal.SendAsync(TestPortal.Usage("acme", "late", 5_000, consumer: "ana", at: DateTimeOffset.UtcNow.AddMinutes(-5))); // happened before
        (await portal.HoldAsync(tenant, 10m, consumer: "ana")).Succeeded.ShouldBeTrue();
        (await portal.AllowanceAsync(tenant, "ana")).Used.ShouldBe(0m);
    }

    [Fact]
    public async Task Changing_the_limit_keeps_the_count_and_changing_the_period_goes_on_from_its_own()
    {
        var (portal, tenant) = await TeamAsync();
        await using var _ = portal;
        await portal.AllowAsync(tenant, "ana", "team-a", 10m, "day");
        await portal.SendAsync(TestPortal.Usage("acme", "1", 6_000, consumer: "ana"));
        var raised = (await portal.AllowAsync(tenant, "ana", "team-a", 8m, "day")).Value;
        (raised.Created, raised.Allowance.Used, raised.Allowance.Available).ShouldBe((false, 6m, 2m));

        await portal.AdvanceAsync(Day);
        await portal.SendAsync(TestPortal.Usage("acme", "2", 2_000, consumer: "ana", at: await portal.NowAsync()));
        (await portal.AllowanceAsync(tenant, "ana")).Used.ShouldBe(2m);
        (await portal.AllowAsync(tenant, "ana", "team-a", 8m, "lifetime")).Value.Allowance.Used.ShouldBe(8m); // since it was first set
        (await portal.HoldAsync(tenant, 1m, consumer: "ana")).Problem!.Code.ShouldBe("allowance_exceeded");
        (await portal.AllowAsync(tenant, "ana", "team-a", 8m, "day")).Value.Allowance.Used.ShouldBe(2m);
    }

    [Fact]
    public async Task Removed_it_refuses_nothing_and_set_again_it_counts_from_zero()
    {
        var (portal, tenant) = await TeamAsync();
        await using var _ = portal;
        await portal.AllowAsync(tenant, "ana", "team-a", 5m);
        await portal.SendAsync(TestPortal.Usage("acme", "1", 5_000, consumer: "ana"));
        (await portal.HoldAsync(tenant, 1m, consumer: "ana")).Problem!.Code.ShouldBe("allowance_exceeded");

        (await portal.Wallets.RunAsync(tenant, wallet => AllowanceSettings.RemoveAsync(wallet, "ana", "team-a"))).Succeeded.ShouldBeTrue();
        (await portal.HoldAsync(tenant, 9m, consumer: "ana")).Succeeded.ShouldBeTrue();
        (await portal.Wallets.RunAsync(tenant, wallet => AllowanceSettings.RemoveAsync(wallet, "ana", "team-a"))).Problem!.Code.ShouldBe("unknown_allowance");
        (await portal.AllowAsync(tenant, "ana", "team-a", 5m)).Value.Allowance.Used.ShouldBe(0m);
    }

    [Fact]
    public async Task A_duplicate_is_counted_once()
    {
        var (portal, tenant) = await TeamAsync();
        await using var _ = portal;
        await portal.AllowAsync(tenant, "ana", "team-a", 10m);
        var usage = TestPortal.Usage("acme", "1", 4_000, consumer: "ana", at: DateTimeOffset.UtcNow);
        await portal.SendAsync(usage, usage);
        await portal.SendAsync(usage);
        (await portal.AllowanceAsync(tenant, "ana")).Used.ShouldBe(4m);
    }

    [Fact]
    public async Task A_void_and_an_amendment_give_back_what_they_return()
    {
        var (portal, tenant) = await TeamAsync();
        await using var _ = portal;
        var corrections = portal.Services.GetRequiredService<UsageCorrections>();
        await portal.AllowAsync(tenant, "ana", "team-a", 50m);
        var hold = (await portal.HoldAsync(tenant, 8m, consumer: "ana")).Value;
        await portal.CaptureAsync(hold, 7m);
        await portal.SendAsync(TestPortal.Usage("acme", "1", 25_000, consumer: "ana"));
        (await portal.AllowanceAsync(tenant, "ana")).Used.ShouldBe(32m);

        using var data = JsonDocument.Parse("""{"model":"small","input_tokens":30000,"consumer":"ana"}""");
        (await portal.Wallets.RunAsync(tenant, wallet => corrections.AmendAsync(wallet, "test", "1", data.RootElement, "Counted again"))).Succeeded.ShouldBeTrue();
        (await portal.AllowanceAsync(tenant, "ana")).Used.ShouldBe(37m); // 5 more
        (await portal.Wallets.RunAsync(tenant, wallet => corrections.VoidAsync(wallet, "holds", hold.PublicId, "Not delivered"))).Succeeded.ShouldBeTrue();
        (await portal.AllowanceAsync(tenant, "ana")).Used.ShouldBe(30m);
        (await portal.FiguresAsync(tenant)).Balance.ShouldBe(90m);
        await portal.ShouldReconcileAsync();
    }

    [Fact]
    public async Task A_correction_of_what_was_taken_before_the_allowance_was_made_gives_nothing_back()
    {
        var (portal, tenant) = await TeamAsync();
        await using var _ = portal;
        var corrections = portal.Services.GetRequiredService<UsageCorrections>();
        await portal.SendAsync(TestPortal.Usage("acme", "1", 20_000, consumer: "ana", at: DateTimeOffset.UtcNow.AddMinutes(4))); // ahead of its time
        await portal.AllowAsync(tenant, "ana", "team-a", 50m);
        await portal.SendAsync(TestPortal.Usage("acme", "2", 5_000, consumer: "ana"));

        (await portal.Wallets.RunAsync(tenant, wallet => corrections.VoidAsync(wallet, "test", "1", "Wrong"))).Succeeded.ShouldBeTrue();

        (await portal.AllowanceAsync(tenant, "ana")).Used.ShouldBe(5m);
    }

    [Fact]
    public async Task What_a_correction_returns_is_taken_back_in_its_own_period()
    {
        var (portal, tenant) = await TeamAsync();
        await using var _ = portal;
        await portal.AllowAsync(tenant, "ana", "team-a", 10m, "day");
        var happened = DateTimeOffset.UtcNow;
        await portal.SendAsync(TestPortal.Usage("acme", "1", 4_000, consumer: "ana", at: happened));
        await CorrectAsync(-1m);
        (await portal.AllowanceAsync(tenant, "ana")).Used.ShouldBe(3m);
        await portal.AdvanceAsync(Day);
        await CorrectAsync(-3m);
        (await portal.AllowanceAsync(tenant, "ana")).Used.ShouldBe(0m);
        (await portal.ScalarAsync("select used from allowance_usage where period = 'day'")).ShouldBe(0m);

        async Task CorrectAsync(decimal credits) => (await portal.Wallets.RunAsync(tenant, wallet =>
        {
            wallet.CountAllowance(wallet.Directory.Consumers["ana"].Id, wallet.Directory.Pools["team-a"].Id, happened, wallet.Now, credits);
            return Task.FromResult<Result<Done>>(default(Done));
        })).Succeeded.ShouldBeTrue();
    }

    [Fact]
    public async Task A_soft_one_refuses_nothing_and_tells_once_a_period_that_it_was_passed()
    {
        var (portal, tenant) = await TeamAsync();
        await using var _ = portal;
        const string told = "select count(*) from audit where action = 'allowance.passed'";
        await portal.AllowAsync(tenant, "ana", "team-a", 5m, "day", "soft");
        (await portal.HoldAsync(tenant, 9m, consumer: "ana")).Succeeded.ShouldBeTrue();
        await SendAsync("1", 5_000); // exactly: not passed
        (await portal.ScalarAsync(told)).ShouldBe(0L);

        await SendAsync("2", 1_000);
        await SendAsync("3", 1_000);
        (await portal.ScalarAsync(told)).ShouldBe(1L);
        (await portal.ScalarAsync("select detail ->> 'pool' || ' ' || (detail ->> 'limit')::numeric::int || ' ' || (detail ->> 'used')::numeric::int from audit where action = 'allowance.passed'"))
            .ShouldBe("team-a 5 6");

        await portal.AdvanceAsync(Day);
        await SendAsync("4", 6_000);
        (await portal.ScalarAsync(told)).ShouldBe(2L);

        async Task SendAsync(string id, long tokens) =>
            await portal.SendAsync(TestPortal.Usage("acme", id, tokens, consumer: "ana", at: await portal.NowAsync()));
    }

    [Fact]
    public async Task Its_days_are_those_of_the_tenants_zone()
    {
        var (portal, tenant) = await TeamAsync("Asia/Tokyo");
        await using var _ = portal;
        await portal.AllowAsync(tenant, "ana", "team-a", 10m, "day");
        var midnight = (await portal.AllowanceAsync(tenant, "ana")).PeriodEnd!.Value;
        midnight.UtcDateTime.TimeOfDay.ShouldBe(TimeSpan.FromHours(15)); // 00:00 in Tokyo
        await portal.AdvanceAsync(midnight - await portal.NowAsync() + TimeSpan.FromMinutes(1));

        await portal.SendAsync(
            TestPortal.Usage("acme", "1", 2_000, consumer: "ana", at: midnight.AddSeconds(-1)), // the day before
            TestPortal.Usage("acme", "2", 3_000, consumer: "ana", at: midnight)); // at 00:00:00: the new day

        (await portal.AllowanceAsync(tenant, "ana")).Used.ShouldBe(3m);
        (await portal.ScalarAsync("select string_agg(used::numeric::int::text, ' ' order by period_start) from allowance_usage where period = 'day'")).ShouldBe("2 3");
    }

    [Theory]
    [InlineData("nobody", "team-a", "1", "day", "hard", "unknown_consumer")]
    [InlineData("ana", "nowhere", "1", "day", "hard", "unknown_pool")]
    [InlineData("ana", "closed", "1", "day", "hard", "pool_closed")]
    [InlineData("ana", "team-a", "-1", "day", "hard", "invalid_limit")]
    [InlineData("ana", "team-a", "0.0000000001", "day", "hard", "invalid_limit")]
    [InlineData("ana", "team-a", "1", "year", "hard", "invalid_period")]
    [InlineData("ana", "team-a", "1", "day", "firm", "invalid_mode")]
    public async Task One_that_cannot_be_is_refused_and_nothing_is_changed(string consumer, string pool, string limit, string period, string mode, string code)
    {
        var (portal, tenant) = await TeamAsync();
        await using var _ = portal;
        await portal.Wallets.RunAsync(tenant, wallet => PoolSettings.OpenAsync(wallet, "closed", "Closed"));
        await portal.Wallets.RunAsync(tenant, wallet => PoolSettings.CloseAsync(wallet, "closed"));
        var put = await portal.Wallets.RunAsync(tenant, wallet =>
            AllowanceSettings.PutAsync(wallet, consumer, pool, decimal.Parse(limit, System.Globalization.CultureInfo.InvariantCulture), period, mode));
        put.Problem!.Code.ShouldBe(code);
        (await portal.ScalarAsync("select count(*) from allowances")).ShouldBe(0L);
    }
}
