using Portal.Domain.Wallet;
using Portal.Testing;

namespace Portal.Database.Tests.Wallet;

/// <summary>Captures: what is booked, what is freed, and what a second one gets.</summary>
public sealed class CaptureTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    /// <summary>5 credits that expire in an hour and 10 that last: 15 together.</summary>
    private async Task<(TestPortal Portal, long Tenant)> FifteenAsync()
    {
        var portal = await TestPortal.StartAsync(postgres);
        var tenant = await portal.AddTenantAsync("acme");
        await portal.GrantAsync(tenant, 5m, value: 5m, expiresAt: (await portal.NowAsync()).AddHours(1));
        await portal.GrantAsync(tenant, 10m, value: 20m);
        return (portal, tenant);
    }

    // Scenarios §9: what was used before, what is held, what is captured, what is left. Value: 5 at $1, then 10 at $2.
    [Theory]
    [InlineData(0, 8, "5", "10", "5")] // below: the five at $1
    [InlineData(0, 8, "8", "7", "11")] // at: 5 × 1 + 3 × 2
    [InlineData(0, 8, "11", "4", "17")] // above: 5 × 1 + 6 × 2
    [InlineData(0, 8, "0", "15", "0")]
    [InlineData(3, 8, "5", "7", "11")] // after 3: 8 × altogether, 5 × 1 + 3 × 2
    [InlineData(0, 15, "15", "0", "25")]
    public async Task Case_20_a_capture_books_the_real_usage_and_frees_the_rest(int used, int held, string captured, string left, string revenue)
    {
        var (portal, tenant) = await FifteenAsync();
        await using var _ = portal;
        if (used > 0) await portal.SendAsync(TestPortal.Usage("acme", "before", used * 1000));
        var hold = (await portal.HoldAsync(tenant, held)).Value;
        (await portal.FiguresAsync(tenant)).Available.ShouldBe(15m - used - held);

        var answer = (await portal.CaptureAsync(hold, Number(captured))).Value;

        (answer.Status, answer.Credits, answer.Hold, answer.Id).ShouldBe(("accepted", Number(captured), "captured", hold.PublicId));
        (await portal.FiguresAsync(tenant)).ShouldBe(new BalanceFigures(Number(left), 0m, 0m, 0m));
        (await portal.BalanceAsync(tenant, "revenue:usage", "USD")).ShouldBe(-Number(revenue));
        (await portal.BalanceAsync(tenant, "consumed:credits")).ShouldBe(Number(captured));
        (await portal.ScalarAsync("select type || ' ' || source || ' ' || event_id || ' ' || product from events where source = 'holds'"))
            .ShouldBe($"credits.captured holds {hold.PublicId} credits");
        await portal.ShouldReconcileAsync();
    }

    /// <summary>Scenarios §9: fifteen credits, eight of them locked.</summary>
    [Fact]
    public async Task A_lock_of_eight_ends_once_however_it_ends()
    {
        var (portal, tenant) = await FifteenAsync();
        await using var _ = portal;
        await portal.SendAsync(TestPortal.Usage("acme", "track", 3000));
        var lost = (await portal.HoldAsync(tenant, 8m, seconds: 60)).Value;
        (await portal.FiguresAsync(tenant)).Available.ShouldBe(4m); // the receipt is lost: they stay locked until they free themselves
        await portal.AdvanceAsync(TimeSpan.FromMinutes(1));
        await portal.Wallets.SettleAsync(tenant);
        await portal.Wallets.SettleAsync(tenant);
        (await portal.FiguresAsync(tenant)).Available.ShouldBe(12m);

        var confirmed = (await portal.HoldAsync(tenant, 8m, seconds: 60)).Value;
        await portal.CaptureAsync(confirmed, 4m);
        await portal.AdvanceAsync(TimeSpan.FromMinutes(1));
        await portal.Wallets.SettleAsync(tenant);
        (await portal.FiguresAsync(tenant)).ShouldBe(new BalanceFigures(8m, 0m, 0m, 0m));
        (await portal.CaptureAsync(lost, -3m)).Problem!.Code.ShouldBe("invalid_credits"); // nothing is given back by a capture
        await portal.ShouldReconcileAsync();
    }

    /// <summary>Scenarios §9: 100 of this month and what rolled over twice, 300; the oldest goes first.</summary>
    [Theory]
    [InlineData(3, 250, 80, "20 100 100")]
    [InlineData(2, 30, 150, "0 50")]
    public async Task A_hold_over_several_rows_is_captured_from_the_one_that_expires_first(int rows, int held, int captured, string left)
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var tenant = await portal.AddTenantAsync("acme");
        var now = await portal.NowAsync();
        for (var row = 1; row <= rows; row++) await portal.GrantAsync(tenant, 100m, expiresAt: now.AddDays(row));
        var hold = (await portal.HoldAsync(tenant, held)).Value;
        (await portal.FiguresAsync(tenant)).Available.ShouldBe((100m * rows) - held);

        await portal.CaptureAsync(hold, captured);

        (await portal.ScalarAsync("select string_agg(remaining::int::text, ' ' order by expires_at) from grants")).ShouldBe(left);
        (await portal.FiguresAsync(tenant)).Available.ShouldBe((100m * rows) - captured);
        await portal.ShouldReconcileAsync();
    }

    [Fact]
    public async Task Case_21_a_stream_cut_off_is_captured_by_the_tokens_delivered()
    {
        var (portal, tenant) = await FifteenAsync();
        await using var _ = portal;
        var hold = (await portal.HoldAsync(tenant, 8m, product: "llm", consumer: "ana")).Value;

        // 1,000 in and 250 out of small: 1 + 0.5 credits, not 8 and not 0.
        var answer = (await portal.CaptureAsync(hold, TestPortal.Usage("acme", "cut", 1000, 250))).Value;

        (answer.Status, answer.Credits, answer.Hold).ShouldBe(("accepted", 1.5m, "captured"));
        (await portal.FiguresAsync(tenant)).ShouldBe(new BalanceFigures(13.5m, 0m, 0m, 0m));
        (await portal.ScalarAsync("select c.key from events e join consumers c using (tenant_id, consumer_id)")).ShouldBe("ana"); // the hold's
        (await portal.BalanceAsync(tenant, "cogs:vendor", "USD")).ShouldBe(0.0015m);
        await portal.ShouldReconcileAsync();
    }

    [Fact]
    public async Task Case_22_a_second_capture_answers_the_first_and_another_body_is_refused()
    {
        var (portal, tenant) = await FifteenAsync();
        await using var _ = portal;
        var (one, two) = ((await portal.HoldAsync(tenant, 4m)).Value, (await portal.HoldAsync(tenant, 4m)).Value);
        var usage = TestPortal.Usage("acme", "1", 2000, at: DateTimeOffset.UtcNow);

        var (first, amount) = ((await portal.CaptureAsync(one, usage)).Value, (await portal.CaptureAsync(two, 3m)).Value);

        (await portal.CaptureAsync(one, usage)).Value.ShouldBe(first);
        (await portal.CaptureAsync(two, 3.000m)).Value.ShouldBe(amount);
        (await portal.CaptureAsync(one, TestPortal.Usage("acme", "2", 2000))).Problem!.Code.ShouldBe("hold_captured");
        (await portal.CaptureAsync(one, 2m)).Problem!.Code.ShouldBe("hold_captured");
        (await portal.CaptureAsync(two, 3.1m)).Problem!.Code.ShouldBe("hold_captured");
        (await portal.FiguresAsync(tenant)).ShouldBe(new BalanceFigures(10m, 0m, 0m, 0m));
        (await portal.ScalarAsync("select count(*) from events")).ShouldBe(2L);
        await portal.ShouldReconcileAsync();
    }

    [Fact]
    public async Task Case_20_after_its_expiry_a_capture_still_books_and_frees_nothing_twice()
    {
        var (portal, tenant) = await FifteenAsync();
        await using var _ = portal;
        var late = (await portal.HoldAsync(tenant, 8m, seconds: 60)).Value;
        await portal.AdvanceAsync(TimeSpan.FromMinutes(1));
        var other = (await portal.HoldAsync(tenant, 10m)).Value; // the credits are free again

        var answer = (await portal.CaptureAsync(late, 4m)).Value;

        (answer.Status, answer.Credits, answer.Hold).ShouldBe(("accepted", 4m, "expired"));
        (await portal.CaptureAsync(late, 4m)).Value.ShouldBe(answer);
        (await portal.FiguresAsync(tenant)).ShouldBe(new BalanceFigures(11m, 10m, 0m, 0m));
        (await portal.CaptureAsync(other, 10m)).Value.Hold.ShouldBe("captured");
        (await portal.FiguresAsync(tenant)).ShouldBe(new BalanceFigures(1m, 0m, 0m, 0m));
        await portal.ShouldReconcileAsync();
    }

    [Fact]
    public async Task After_a_release_a_capture_is_refused()
    {
        var (portal, tenant) = await FifteenAsync();
        await using var _ = portal;
        var hold = (await portal.HoldAsync(tenant, 8m)).Value;
        await portal.ReleaseAsync(hold);

        (await portal.CaptureAsync(hold, 4m)).Problem!.Code.ShouldBe("hold_released");
        (await portal.CaptureAsync(hold, TestPortal.Usage("acme", "1", 1000))).Problem!.Code.ShouldBe("hold_released");
        (await portal.ScalarAsync("select count(*) from events")).ShouldBe(0L);
        (await portal.CaptureAsync(hold with { Id = Guid.NewGuid() }, 4m)).Problem!.Code.ShouldBe("unknown_hold");
    }

    [Fact]
    public async Task A_known_event_releases_the_hold_and_answers_duplicate()
    {
        var (portal, tenant) = await FifteenAsync();
        await using var _ = portal;
        var usage = TestPortal.Usage("acme", "1", 2000, at: DateTimeOffset.UtcNow);
        await portal.SendAsync(usage); // a retry went the other way first
        var hold = (await portal.HoldAsync(tenant, 8m)).Value;

        var answer = (await portal.CaptureAsync(hold, usage)).Value;

        (answer.Status, answer.Credits, answer.Transaction, answer.Hold).ShouldBe(("duplicate", 2m, null, "released"));
        (await portal.CaptureAsync(hold, usage)).Value.ShouldBe(answer);
        (await portal.CaptureAsync(hold, 1m)).Problem!.Code.ShouldBe("hold_released");
        (await portal.FiguresAsync(tenant)).ShouldBe(new BalanceFigures(13m, 0m, 0m, 0m));
        await portal.ShouldReconcileAsync();
    }

    [Fact]
    public async Task A_rejected_event_or_one_in_conflict_leaves_the_hold_open()
    {
        var (portal, tenant) = await FifteenAsync();
        await using var _ = portal;
        await portal.SendAsync(TestPortal.Usage("acme", "taken", 1000));
        var hold = (await portal.HoldAsync(tenant, 8m)).Value;

        (await portal.CaptureAsync(hold, TestPortal.Usage("acme", "1", -5))).Problem!.Code.ShouldNotBeNullOrEmpty();
        (await portal.CaptureAsync(hold, TestPortal.Usage("acme", "1", 1000, pool: "none", consumer: "new"))).Problem!.Code.ShouldBe("unknown_pool");
        (await portal.CaptureAsync(hold, TestPortal.Usage("acme", "1", 1000, at: DateTimeOffset.UtcNow.AddDays(-40)))).Problem!.Code.ShouldBe("event_too_old");
        (await portal.CaptureAsync(hold, TestPortal.Usage("other", "1", 1000))).Problem!.Code.ShouldBe("tenant_mismatch");
        (await portal.CaptureAsync(hold, TestPortal.Usage("acme", "taken", 3000))).Problem!.Code.ShouldBe("conflict");
        (await portal.CaptureAsync(hold, "{}")).Problem!.Code.ShouldBe("missing_id");
        (await portal.CaptureAsync(hold, "[")).Problem!.Code.ShouldBe("malformed_json");
        (await portal.CaptureAsync(hold, -1m)).Problem!.Code.ShouldBe("invalid_credits");

        (await portal.FiguresAsync(tenant)).ShouldBe(new BalanceFigures(14m, 8m, 0m, 0m));
        (await portal.ScalarAsync("select count(*) from events")).ShouldBe(1L);
        (await portal.ScalarAsync("select count(*) from consumers")).ShouldBe(0L);
        (await portal.CaptureAsync(hold, 8m)).Value.Hold.ShouldBe("captured");
        await portal.ShouldReconcileAsync();
    }

    [Fact]
    public async Task An_event_that_nothing_prices_is_kept_and_frees_the_hold()
    {
        var (portal, tenant) = await FifteenAsync();
        await using var _ = portal;
        var hold = (await portal.HoldAsync(tenant, 8m)).Value;

        var answer = (await portal.CaptureAsync(hold, TestPortal.Usage("acme", "1", 1000, model: "unheard-of"))).Value;

        (answer.Status, answer.Credits, answer.Hold).ShouldBe(("unrated", null, "captured"));
        (await portal.FiguresAsync(tenant)).ShouldBe(new BalanceFigures(15m, 0m, 0m, 0m));
        await portal.ShouldReconcileAsync();
    }

    [Fact]
    public async Task What_exceeds_the_grants_is_debt_as_of_any_usage()
    {
        var (portal, tenant) = await FifteenAsync();
        await using var _ = portal;
        var hold = (await portal.HoldAsync(tenant, 15m, product: "llm")).Value;

        (await portal.CaptureAsync(hold, 18m)).Value.Credits.ShouldBe(18m);

        (await portal.FiguresAsync(tenant)).ShouldBe(new BalanceFigures(-3m, 0m, 3m, 0m));
        (await portal.BalanceAsync(tenant, "consumed:llm")).ShouldBe(18m); // the hold's product
        await portal.GrantAsync(tenant, 4m, value: 8m); // settles 3 of 4: $6 to the captured event
        (await portal.FiguresAsync(tenant)).ShouldBe(new BalanceFigures(1m, 0m, 0m, 0m));
        (await portal.BalanceAsync(tenant, "revenue:usage", "USD")).ShouldBe(-31m); // 5 + 20 + 6
        await portal.ShouldReconcileAsync();
    }

    [Fact]
    public async Task A_pool_closed_after_the_hold_expired_is_served_by_the_shared_one()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var tenant = await portal.AddTenantAsync("acme", "UTC", "team-a");
        await portal.GrantAsync(tenant, 10m, pool: "team-a");
        var hold = (await portal.HoldAsync(tenant, 5m, "team-a", seconds: 60)).Value;
        (await portal.Wallets.RunAsync(tenant, wallet => Domain.Tenants.PoolSettings.CloseAsync(wallet, "team-a"))).Problem!.Code.ShouldBe("pool_has_holds");
        await portal.AdvanceAsync(TimeSpan.FromMinutes(1));
        (await portal.Wallets.RunAsync(tenant, wallet => Domain.Tenants.PoolSettings.CloseAsync(wallet, "team-a"))).Succeeded.ShouldBeTrue();

        (await portal.CaptureAsync(hold, 4m)).Value.Hold.ShouldBe("expired");

        (await portal.BalanceAsync(tenant, "pool:shared")).ShouldBe(6m);
        await portal.ShouldReconcileAsync();
    }

    private static decimal Number(string text) => decimal.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
}
