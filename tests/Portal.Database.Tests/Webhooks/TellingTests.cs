using Portal.Database.Tests.Payments;
using Portal.Domain.Kernel;
using Portal.Domain.Tenants;
using Portal.Domain.Wallet;
using Portal.Testing;

namespace Portal.Database.Tests.Webhooks;

/// <summary>What is told, once and with its cause.</summary>
public sealed class TellingTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [Fact]
    public async Task A_cause_that_is_taken_back_tells_nothing()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var acme = await portal.AddTenantAsync("acme");
        var refused = await portal.Wallets.RunAsync<Done>(acme, async wallet =>
        {
            await Grants.CreateAsync(wallet, new GrantOrder(10m, null, GrantSource.Promotion, 0m, null, null, 50, null, null, null));
            await wallet.WriteAsync(CancellationToken.None);
            return Problem.Conflict("no", "No.");
        });
        refused.Succeeded.ShouldBeFalse();
        (await portal.ScalarAsync("select count(*) from webhook_events")).ShouldBe(0L);
    }

    [Fact]
    public async Task A_grant_is_told_when_it_comes_and_when_it_expires_and_used_credits_tell_nothing()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var acme = await portal.AddTenantAsync("acme");
        await portal.GrantAsync(acme, 10m, expiresAt: DateTimeOffset.UtcNow.AddHours(1));
        await portal.SendAsync(TestPortal.Usage("acme", "a", 4_000));
        await portal.AdvanceAsync(TimeSpan.FromHours(2));
        await portal.Wallets.SettleAsync(acme);
        await portal.Wallets.SettleAsync(acme);
        (await portal.ScalarAsync("select string_agg(type, ' ' order by created_at) from webhook_events")).ShouldBe("grant.created grant.expired");
        (await portal.ScalarAsync("select count(distinct subject) from webhook_events")).ShouldBe(1L);
    }

    [Fact]
    public async Task A_soft_allowance_that_is_passed_is_told_once_a_period_and_a_top_up_that_stops_itself_each_time()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var acme = await portal.AddTenantAsync("acme");
        await portal.GrantAsync(acme, 100m);
        await portal.SendAsync(TestPortal.Usage("acme", "first", 1_000, consumer: "ana")); // makes ana known
        (await portal.Wallets.RunAsync(acme, wallet => AllowanceSettings.PutAsync(wallet, "ana", "shared", 5m, "lifetime", "soft"))).Succeeded.ShouldBeTrue();
        await portal.SendAsync(TestPortal.Usage("acme", "a", 5_000, consumer: "ana")); // 5 of 5: reached, not passed
        (await portal.ScalarAsync("select count(*) from webhook_events where type = 'allowance.passed'")).ShouldBe(0L);
        for (var i = 0; i < 3; i++) await portal.SendAsync(TestPortal.Usage("acme", $"b{i}", 1_000, consumer: "ana"));
        (await portal.ScalarAsync("select string_agg(subject, ' ') from webhook_events where type = 'allowance.passed'")).ShouldBe("shared/ana");

        await portal.ExecuteAsync($"insert into auto_top_ups (tenant_id, pool_id, threshold, target, pack) values ({acme}, 1, 10, 20, 'starter')");
        foreach (var (state, told) in new[] { ("now()", 1L), ("now()", 1L), ("null", 1L), ("now() + interval '1 second'", 2L) })
        {
            await portal.ExecuteAsync($"update auto_top_ups set off_at = {state}");
            (await portal.ScalarAsync("select count(*) from webhook_events where type = 'auto_top_up.stopped' and subject = 'shared'")).ShouldBe(told);
        }
    }

    [Fact]
    public async Task Case_17_a_pack_is_told_once_however_often_and_late_its_provider_tells()
    {
        await using var world = await PaymentsWorld.CreateAsync(postgres, invoices: true);
        var (_, session) = await world.StartAsync();
        await world.Sandbox.PayAsync(session, PaymentsWorld.Declined);
        await world.DeliverAsync();
        await world.Sandbox.PayAsync(session, PaymentsWorld.Accepted);
        for (var i = 0; i < 3; i++) await world.DeliverAsync();
        foreach (var body in (await world.EventsAsync()).Reverse()) await world.ReceiveAsync(body);
        await world.Inbox.ProcessDueAsync();

        (await world.Database.ScalarAsync("select string_agg(n || ' ' || type, ', ' order by type) from (select type, count(*) as n from webhook_events group by type) told")).ShouldBe(
            "1 grant.created, 1 invoice.finalised, 1 invoice.paid, 1 payment.failed, 1 payment.succeeded");
        await world.BooksShouldBalanceAsync();
    }
}
