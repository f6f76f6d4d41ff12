using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Portal.Domain.Payments.Sandbox;
using Portal.Domain.Tenants;

namespace Portal.Web.Tests.Api;

public sealed class PaymentMethodTests(ApiHost host) : IClassFixture<ApiHost>
{
    [Fact]
    public async Task A_method_is_left_listed_made_the_default_and_removed()
    {
        var tenant = await host.NewTenantAsync();
        var (first, second) = (await LeaveAsync(tenant), await LeaveAsync(tenant));

        var listed = await UntilAsync(tenant, 2);
        listed.Select(method => (method.GetProperty("id").GetString(), method.GetProperty("default").GetBoolean())).ShouldBe([(first, true), (second, false)]);
        listed[0].GetProperty("label").GetString().ShouldBe("•••• 4242");
        listed[0].GetProperty("status").GetString().ShouldBe("saved");
        listed[0].TryGetProperty("token", out _).ShouldBeFalse();

        (await host.Client().SendAsync("POST", $"/v1/tenants/{tenant}/payment-methods/{second}/default")).ShouldBe(200);
        (await host.Client().SendAsync("DELETE", $"/v1/tenants/{tenant}/payment-methods/{first}")).ShouldBe(204);
        (await host.Client().SendAsync("DELETE", $"/v1/tenants/{tenant}/payment-methods/{first}")).ShouldBe(404, "unknown_payment_method");

        var left = (await UntilAsync(tenant, 1)).Single();
        (left.GetProperty("id").GetString(), left.GetProperty("default").GetBoolean()).ShouldBe((second, true));
        (await host.Database.ScalarAsync($"select count(*) from audit join tenants using (tenant_id) where key = '{tenant}' and action like 'payment_method.%'")).ShouldBe(2L);
    }

    [Fact]
    public async Task What_is_wrong_is_said_and_nothing_changes()
    {
        var tenant = await host.NewTenantAsync();
        var foreign = await LeaveAsync(await host.NewTenantAsync());
        foreach (var (body, status, code) in new[]
        {
            ("", 400, "malformed_json"),
            ("""{"provider":"nobody"}""", 400, "unknown_provider"),
            ("""{"return_url":"javascript:alert(1)"}""", 400, "invalid_return_url"),
            ("""{"return_url":"https://evil.example/"}""", 400, "return_url_not_registered"),
            ("""{"card":"4242424242424242"}""", 400, "unknown_field"),
        })
        {
            (await host.Client().SendAsync("POST", $"/v1/tenants/{tenant}/payment-methods", body)).ShouldBe(status, code);
        }

        foreach (var id in new[] { foreign, "pm_1_00000000000000000000000000000000", "nothing" })
        {
            (await host.Client().SendAsync("POST", $"/v1/tenants/{tenant}/payment-methods/{id}/default")).ShouldBe(404, "unknown_payment_method");
            (await host.Client().SendAsync("DELETE", $"/v1/tenants/{tenant}/payment-methods/{id}")).ShouldBe(404, "unknown_payment_method");
        }

        (await host.Database.ScalarAsync($"select count(*) from payment_methods join tenants using (tenant_id) where key = '{tenant}'")).ShouldBe(0L);
        (await host.Client().SendAsync("PUT", $"/v1/tenants/{tenant}/payment-provider", """{"provider":"nobody"}""")).ShouldBe(400, "unknown_provider");
    }

    [Fact]
    public async Task A_repeat_under_one_key_opens_one_page()
    {
        var tenant = await host.NewTenantAsync();

        var first = (await host.Client().SendAsync("POST", $"/v1/tenants/{tenant}/payment-methods", "{}", "once")).ShouldBe(201);
        var again = (await host.Client().SendAsync("POST", $"/v1/tenants/{tenant}/payment-methods", "{}", "once")).ShouldBe(201);

        again.Text.ShouldBe(first.Text);
        (await host.Database.ScalarAsync($"select count(*) from payment_methods join tenants using (tenant_id) where key = '{tenant}'")).ShouldBe(1L);
    }

    [Fact]
    public async Task A_tenants_own_provider_is_set_and_cleared_without_touching_the_ledger()
    {
        var tenant = await host.NewTenantAsync();

        (await host.Client().SendAsync("PUT", $"/v1/tenants/{tenant}/payment-provider", """{"provider":"sandbox"}""")).ShouldBe(204);
        (await host.Database.ScalarAsync($"select provider from payment_preferences join tenants using (tenant_id) where key = '{tenant}'")).ShouldBe("sandbox");
        (await host.Client().SendAsync("PUT", $"/v1/tenants/{tenant}/payment-provider", """{"provider":null}""")).ShouldBe(204);

        (await host.Database.ScalarAsync($"select count(*) from payment_preferences join tenants using (tenant_id) where key = '{tenant}'")).ShouldBe(0L);
        (await host.Database.ScalarAsync($"select count(*) from ledger_transactions join tenants using (tenant_id) where key = '{tenant}'")).ShouldBe(0L);
        var own = host.Client(await host.NewKeyAsync(tenant, Scope.Manage));
        (await own.SendAsync("PUT", $"/v1/tenants/{tenant}/payment-provider", """{"provider":null}""")).ShouldBe(403, "platform_key_required");
    }

    // Leaves a card on the sandbox's page; its webhook saves it.
    private async Task<string> LeaveAsync(string tenant)
    {
        var answer = (await host.Client().SendAsync("POST", $"/v1/tenants/{tenant}/payment-methods", "{}")).ShouldBe(201);
        var (id, url) = (answer.Json.GetProperty("id").GetString()!, answer.Json.GetProperty("url").GetString()!);
        (answer.Json.GetProperty("status").GetString(), answer.Json.GetProperty("default").GetBoolean()).ShouldBe(("pending", false));
        (await host.Services.GetRequiredService<SandboxProvider>().PayAsync(url.Split('/')[^1], "4242424242424242")).Succeeded.ShouldBeTrue();
        Portal.Domain.Kernel.PublicId.TryParse("pm", id, out var owner, out var method).ShouldBeTrue();
        await host.Services.GetRequiredService<Portal.Domain.Payments.Saved.PaymentMethods>().RefreshAsync(owner, method);
        return id;
    }

    private async Task<JsonElement[]> UntilAsync(string tenant, int count)
    {
        var items = (await host.Client().SendAsync("GET", $"/v1/tenants/{tenant}/payment-methods")).Json.GetProperty("items").EnumerateArray().ToArray();
        items.Length.ShouldBe(count);
        return items;
    }
}
