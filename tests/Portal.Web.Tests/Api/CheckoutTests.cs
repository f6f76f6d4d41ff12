using System.Text.Json;
using Portal.Domain.Tenants;

namespace Portal.Web.Tests.Api;

public sealed class CheckoutTests(ApiHost host) : IClassFixture<ApiHost>
{
    [Fact]
    public async Task A_program_buys_a_pack_without_a_browser_and_two_at_once_pay_once()
    {
        var (tenant, id) = await StartAsync();

        (await PayAsync(id, "4000000000000002")).ShouldBe(402);
        (await StatusAsync(id)).ShouldBe("failed");
        (await PayAsync(id, "4000002500003155")).ShouldBe(402);
        (await PayAsync(id, "4111111111111111")).ShouldBe(400);
        (await GrantedAsync(tenant)).ShouldBe(0m);

        var both = await Task.WhenAll(PayAsync(id, "4242424242424242"), PayAsync(id, "4242424242424242"));

        both.ShouldAllBe(answer => answer.Json.GetProperty("status").GetString() == "paid");
        (await StatusAsync(id)).ShouldBe("paid");
        (await GrantedAsync(tenant)).ShouldBe(1000m);
    }

    [Fact]
    public async Task Another_tenants_key_finds_no_checkout()
    {
        var (_, id) = await StartAsync();
        var stranger = host.Client(await host.NewKeyAsync(await host.NewTenantAsync(), Scope.Read, Scope.Manage));

        (await stranger.SendAsync("GET", $"/v1/checkouts/{id}")).ShouldBe(404);
        (await stranger.SendAsync("POST", $"/v1/checkouts/{id}/pay", """{"card":"4242424242424242"}""")).ShouldBe(404);
        (await StatusAsync(id)).ShouldBe("open");
    }

    [Fact]
    public async Task A_forged_webhook_and_one_of_more_than_a_mebibyte_are_refused_and_not_kept()
    {
        (await host.Client(key: null).SendAsync("POST", "/webhooks/sandbox", """{"id":"evt_1","type":"x"}""")).ShouldBe(400);
        (await host.Client(key: null).SendAsync("POST", "/webhooks/sandbox", new string(' ', 1024 * 1024 + 1))).ShouldBe(413);
        (await host.Client(key: null).SendAsync("POST", "/webhooks/nobody", "{}")).ShouldBe(404);
        (await host.Database.ScalarAsync("select count(*) from webhook_inbox where event_id = 'evt_1'")).ShouldBe(0L);
    }

    private async Task<(string Tenant, string Id)> StartAsync()
    {
        (await host.Client().SendAsync("PUT", "/v1/packs/starter", """{"name":"Starter","credits":"1000","price":"10.00","currency":"USD"}""")).Json
            .GetProperty("key").GetString().ShouldBe("starter");
        var tenant = await host.NewTenantAsync();
        var answer = await host.Client().SendAsync("POST", "/v1/checkouts", JsonSerializer.Serialize(new { tenant, pack = "starter" }));
        answer.ShouldBe(201);
        return (tenant, answer.Json.GetProperty("id").GetString()!);
    }

    private Task<Reply> PayAsync(string id, string card) => host.Client().SendAsync("POST", $"/v1/checkouts/{id}/pay", $$"""{"card":"{{card}}"}""");

    private async Task<string?> StatusAsync(string id) => (await host.Client().SendAsync("GET", $"/v1/checkouts/{id}")).Json.GetProperty("status").GetString();

    private async Task<object?> GrantedAsync(string tenant) =>
        await host.Database.ScalarAsync($"select coalesce(sum(remaining), 0) from grants join tenants using (tenant_id) where key = '{tenant}'");
}
