using Portal.Domain.Kernel;
using Portal.Domain.Wallet;
using Portal.Testing;

namespace Portal.Database.Tests.Wallet;

/// <summary>Placing, changing and releasing holds: what passes, and what a refusal says.</summary>
public sealed class HoldTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [Fact]
    public async Task A_hold_reserves_and_a_release_frees()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var tenant = await portal.AddTenantAsync("acme");
        await portal.GrantAsync(tenant, 10m, value: 1m);

        var hold = (await portal.HoldAsync(tenant, 4m, consumer: "ana")).Value;

        hold.State.ShouldBe(HoldState.Open);
        hold.Pool.ShouldBe("shared");
        (hold.ExpiresAt - hold.CreatedAt).ShouldBe(TimeSpan.FromMinutes(10));
        (await portal.FiguresAsync(tenant)).ShouldBe(new BalanceFigures(10m, 4m, 0m, 0m));
        (await portal.FiguresAsync(tenant)).Available.ShouldBe(6m);
        (await portal.ScalarAsync("select held from pools")).ShouldBe(4m);
        (await portal.ScalarAsync("select key from consumers")).ShouldBe("ana"); // made as usage would make it

        (await portal.ReleaseAsync(hold)).Value.State.ShouldBe(HoldState.Released);
        (await portal.ReleaseAsync(hold)).Value.State.ShouldBe(HoldState.Released);
        (await portal.FiguresAsync(tenant)).Held.ShouldBe(0m);
        (await portal.ScalarAsync("select held from pools")).ShouldBe(0m);
        (await portal.ScalarAsync("select count(*) from ledger_transactions")).ShouldBe(1L); // the grant: a hold books nothing
        await portal.ShouldReconcileAsync();
    }

    [Fact]
    public async Task Case_23_exactly_at_the_limit_passes_and_a_zero_hold_always_does()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var tenant = await portal.AddTenantAsync("acme");
        await portal.GrantAsync(tenant, 10m);

        (await portal.HoldAsync(tenant, 10.000000001m)).Problem!.Code.ShouldBe("insufficient_credits");
        (await portal.HoldAsync(tenant, 10m)).Succeeded.ShouldBeTrue();
        (await portal.HoldAsync(tenant, 0.000000001m)).Problem!.Code.ShouldBe("insufficient_credits");
        (await portal.HoldAsync(tenant, 0m)).Succeeded.ShouldBeTrue();

        await portal.SendAsync(TestPortal.Usage("acme", "1", 12_000)); // facts are recorded: 12 of 10, a debt of 2
        (await portal.HoldAsync(tenant, 0m)).Succeeded.ShouldBeTrue();
        await portal.ShouldReconcileAsync();
    }

    [Fact]
    public async Task A_refusal_says_what_was_asked_what_is_available_and_when_more_is()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var tenant = await portal.AddTenantAsync("acme");
        await portal.GrantAsync(tenant, 10m);
        var open = (await portal.HoldAsync(tenant, 4m, seconds: 3600)).Value;

        var refused = (await portal.HoldAsync(tenant, 7m)).Problem!;

        refused.Kind.ShouldBe(ProblemKind.PaymentRequired);
        refused.Code.ShouldBe("insufficient_credits");
        (refused.Number("requested"), refused.Number("available")).ShouldBe((7m, 6m));
        refused.Extensions!["limit"].ShouldBe(new CreditsLimit("credits", "shared", null, 4m, open.ExpiresAt));

        // A grant that takes effect sooner frees sooner; one for another product does not count.
        var now = await portal.NowAsync();
        await portal.GrantAsync(tenant, 1m, effectiveAt: now.AddMinutes(5), products: ["image"]);
        var soon = await portal.GrantAsync(tenant, 1m, effectiveAt: now.AddMinutes(30));
        ((CreditsLimit)(await portal.HoldAsync(tenant, 7m)).Problem!.Extensions!["limit"]!).FreesAt!.Value.ShouldBe(soon.EffectiveAt, TimeSpan.FromMilliseconds(1));

        await portal.ReleaseAsync(open);
        (await portal.ScalarAsync("select count(*) from holds")).ShouldBe(1L); // a refusal leaves nothing
        ((CreditsLimit)(await portal.HoldAsync(await portal.AddTenantAsync("empty"), 1m)).Problem!.Extensions!["limit"]!).FreesAt.ShouldBeNull();
    }

    [Fact]
    public async Task A_hold_frees_itself_at_its_instant_and_not_before()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var tenant = await portal.AddTenantAsync("acme");
        await portal.GrantAsync(tenant, 10m);
        var hold = (await portal.HoldAsync(tenant, 10m, seconds: 600)).Value;

        await portal.AdvanceAsync(TimeSpan.FromMinutes(9));
        (await portal.HoldAsync(tenant, 1m)).Problem!.Code.ShouldBe("insufficient_credits");
        await portal.AdvanceAsync(TimeSpan.FromMinutes(1));
        (await portal.HoldAsync(tenant, 10m)).Succeeded.ShouldBeTrue();

        (await portal.ScalarAsync($"select state from holds where id = '{hold.Id}'")).ShouldBe("expired");
        (await portal.ScalarAsync($"select closed_at = expires_at from holds where id = '{hold.Id}'")).ShouldBe(true);
        (await portal.ScalarAsync("select held from pools")).ShouldBe(10m);
        await portal.ShouldReconcileAsync();
    }

    [Fact]
    public async Task Extending_counts_from_now_and_growing_is_checked_as_a_whole()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var tenant = await portal.AddTenantAsync("acme");
        await portal.GrantAsync(tenant, 10m);
        var hold = (await portal.HoldAsync(tenant, 4m)).Value;
        await portal.HoldAsync(tenant, 3m);
        await portal.AdvanceAsync(TimeSpan.FromMinutes(5));

        (await portal.ChangeAsync(hold, seconds: 600)).Value.ExpiresAt.ShouldBeGreaterThanOrEqualTo(hold.ExpiresAt.AddMinutes(5));
        var refused = (await portal.ChangeAsync(hold, credits: 7.5m)).Problem!;
        (refused.Code, refused.Number("requested"), refused.Number("available")).ShouldBe(("insufficient_credits", 7.5m, 7m)); // 10 − 3 of the other
        (await portal.ChangeAsync(hold, credits: 7m)).Value.Credits.ShouldBe(7m);
        (await portal.ScalarAsync("select held from pools")).ShouldBe(10m);
        (await portal.ChangeAsync(hold, credits: 1m)).Value.Credits.ShouldBe(1m);
        (await portal.ScalarAsync("select held from pools")).ShouldBe(4m);

        await portal.AdvanceAsync(TimeSpan.FromMinutes(6)); // the other has gone, this one was extended
        (await portal.HoldAsync(tenant, 9m)).Succeeded.ShouldBeTrue();
        (await portal.ReleaseAsync(hold)).Succeeded.ShouldBeTrue();
        (await portal.ChangeAsync(hold, credits: 2m)).Problem!.Code.ShouldBe("hold_released");
        await portal.ShouldReconcileAsync();
    }

    [Fact]
    public async Task A_hold_that_expired_or_was_captured_is_not_changed()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var tenant = await portal.AddTenantAsync("acme");
        await portal.GrantAsync(tenant, 10m);
        var (late, done) = ((await portal.HoldAsync(tenant, 1m, seconds: 1)).Value, (await portal.HoldAsync(tenant, 1m)).Value);
        await portal.CaptureAsync(done, 1m);
        await portal.AdvanceAsync(TimeSpan.FromSeconds(1));

        (await portal.ChangeAsync(late, seconds: 60)).Problem!.Code.ShouldBe("hold_expired");
        (await portal.ChangeAsync(done, seconds: 60)).Problem!.Code.ShouldBe("hold_captured");
        (await portal.ReleaseAsync(done)).Problem!.Code.ShouldBe("hold_captured");
        (await portal.ReleaseAsync(late)).Value.State.ShouldBe(HoldState.Released);
        (await portal.ReleaseAsync(late with { Id = Guid.NewGuid() })).Problem!.Code.ShouldBe("unknown_hold");
        await portal.ShouldReconcileAsync();
    }

    [Fact]
    public async Task Usage_draws_whatever_is_held_and_then_nothing_more_is_promised()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var tenant = await portal.AddTenantAsync("acme");
        await portal.GrantAsync(tenant, 10m);
        await portal.HoldAsync(tenant, 8m);

        await portal.SendAsync(TestPortal.Usage("acme", "1", 5000)); // 5 of 10, though 8 are held

        (await portal.FiguresAsync(tenant)).ShouldBe(new BalanceFigures(5m, 8m, 0m, 0m));
        (await portal.FiguresAsync(tenant)).Available.ShouldBe(0m);
        (await portal.HoldAsync(tenant, 1m)).Problem!.Number("available").ShouldBe(0m);
        await portal.ShouldReconcileAsync();
    }

    [Fact]
    public async Task Case_24_a_refusal_at_one_level_leaves_nothing_taken_at_the_others()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var tenant = await portal.AddTenantAsync("acme", "UTC", "team-a");
        await portal.GrantAsync(tenant, 10m, pool: "team-a");
        await portal.AddConsumerAsync(tenant, "ana", "team-a");
        await portal.AllowAsync(tenant, "ana", "team-a", 6m);
        await portal.HoldAsync(tenant, 5m, consumer: "ana");
        var before = await StateAsync(portal);

        var refused = (await portal.HoldAsync(tenant, 2m, consumer: "ana")).Problem!; // the pool has 5, the allowance 1

        refused.Code.ShouldBe("allowance_exceeded");
        (refused.Number("requested"), refused.Number("available")).ShouldBe((2m, 1m));
        (await StateAsync(portal)).ShouldBe(before);
        (await portal.HoldAsync(tenant, 5m, "team-a", consumer: "ben")).Succeeded.ShouldBeTrue(); // the pool's five are still there for others
        await portal.ShouldReconcileAsync();
    }

    [Fact]
    public async Task The_credits_are_asked_before_the_allowance_and_a_suspension_before_both()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var tenant = await portal.AddTenantAsync("acme");
        await portal.GrantAsync(tenant, 3m);
        await portal.AddConsumerAsync(tenant, "ana");
        await portal.AllowAsync(tenant, "ana", "shared", 1m);

        (await portal.HoldAsync(tenant, 4m, consumer: "ana")).Problem!.Code.ShouldBe("insufficient_credits");
        (await portal.HoldAsync(tenant, 2m, consumer: "ana")).Problem!.Code.ShouldBe("allowance_exceeded");
        await portal.ExecuteAsync("update tenants set state = 'suspended'; update wallets set config_version = config_version + 1");
        (await portal.HoldAsync(tenant, 1m, consumer: "ana")).Problem!.Code.ShouldBe("tenant_suspended");
    }

    [Fact]
    public async Task Case_26_a_top_up_while_negative_leaves_available_what_is_left_of_it()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var tenant = await portal.AddTenantAsync("acme");
        await portal.SendAsync(TestPortal.Usage("acme", "1", 30_000));
        (await portal.FiguresAsync(tenant)).ShouldBe(new BalanceFigures(-30m, 0m, 30m, 0m));
        (await portal.FiguresAsync(tenant)).Available.ShouldBe(0m);

        await portal.GrantAsync(tenant, 20m);
        (await portal.FiguresAsync(tenant)).Available.ShouldBe(0m);
        (await portal.HoldAsync(tenant, 1m)).Problem!.Number("available").ShouldBe(0m);

        await portal.GrantAsync(tenant, 20m); // −30 + 40 = 10
        (await portal.FiguresAsync(tenant)).Available.ShouldBe(10m);
        (await portal.HoldAsync(tenant, 10m)).Succeeded.ShouldBeTrue();
        await portal.ShouldReconcileAsync();
    }

    [Theory]
    [InlineData("-1", null, 600, "invalid_credits")]
    [InlineData("0.0000000001", null, 600, "invalid_credits")]
    [InlineData("1", "none", 600, "unknown_pool")]
    [InlineData("1", null, 0, "invalid_ttl")]
    [InlineData("1", null, 604801, "invalid_ttl")]
    public async Task What_cannot_be_held_is_refused_and_nothing_is_changed(string credits, string? pool, int seconds, string code)
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var tenant = await portal.AddTenantAsync("acme");
        await portal.GrantAsync(tenant, 10m);
        var before = await StateAsync(portal);
        (await portal.HoldAsync(tenant, decimal.Parse(credits, System.Globalization.CultureInfo.InvariantCulture), pool, seconds: seconds)).Problem!.Code.ShouldBe(code);
        (await portal.HoldAsync(tenant, 1m, product: "nothing")).Problem!.Code.ShouldBe("unknown_product");
        (await StateAsync(portal)).ShouldBe(before);
    }

    private static async Task<string?> StateAsync(TestPortal portal) => (string?)await portal.ScalarAsync("""
        select concat_ws(' ', (select count(*) from holds), (select sum(held) from pools), (select count(*) from consumers),
          (select string_agg(version || '/' || config_version, ',' order by tenant_id) from wallets), (select sum(used) from allowance_usage))
        """);
}
