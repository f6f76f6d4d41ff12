using Portal.Domain.Kernel;
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
}
