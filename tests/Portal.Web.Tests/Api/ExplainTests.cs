using System.Text.Json;
using Portal.Domain.Tenants;

namespace Portal.Web.Tests.Api;

/// <summary>Figures by hand: a thousand tokens of <c>m</c> are a credit and cost $0.01; credits were bought at $0.10.</summary>
public sealed class ExplainTests(ApiHost host) : IClassFixture<ApiHost>
{
    [Fact]
    public async Task A_platform_key_sees_rates_costs_margin_and_entries_and_a_tenants_key_no_cost()
    {
        var tenant = await PreparedAsync();
        var id = await SendAsync(tenant, "1", 5000);
        var all = (await host.Client().SendAsync("GET", $"/v1/tenants/{tenant}/events/{id}")).ShouldBe(200).Json;

        all.GetProperty("meter").GetString().ShouldBe("llm");
        var quantity = all.GetProperty("quantities").EnumerateArray().ShouldHaveSingleItem();
        quantity.GetProperty("quantity").GetString().ShouldBe("5000.000000000");
        quantity.GetProperty("credits").GetString().ShouldBe("5.000000000");
        quantity.GetProperty("cost").GetString().ShouldBe("0.050000000");
        quantity.GetProperty("vendor").GetString().ShouldBe("vendor");
        var rate = quantity.GetProperty("rate");
        rate.GetProperty("card").GetString().ShouldBe("default");
        rate.GetProperty("version").GetInt32().ShouldBe(1);
        rate.GetProperty("specificity").GetInt32().ShouldBe(1);
        rate.GetProperty("match").GetProperty("model").GetString().ShouldBe("m");
        rate.GetProperty("less_specific").EnumerateArray().ShouldHaveSingleItem().GetProperty("specificity").GetInt32().ShouldBe(0);
        rate.GetProperty("price").GetProperty("model").GetString().ShouldBe("per_unit");
        rate.GetProperty("counter").ValueKind.ShouldBe(JsonValueKind.Null);
        all.GetProperty("pieces").EnumerateArray().ShouldHaveSingleItem().GetProperty("value").GetString().ShouldBe("0.500000000");
        all.GetProperty("converted_cost").GetString().ShouldBe("0.050000000");
        all.GetProperty("margin").GetString().ShouldBe("0.450000000"); // 0.50 − 0.05
        var entries = all.GetProperty("booked").GetProperty("entries").EnumerateArray().ToList();
        entries.Select(e => e.GetProperty("account").GetString()).ShouldContain("cogs:vendor");

        var own = (await host.Client(await host.NewKeyAsync(tenant, Scope.Read)).SendAsync("GET", $"/v1/tenants/{tenant}/events/{id}")).ShouldBe(200);
        var seen = own.Json;
        seen.GetProperty("quantities")[0].GetProperty("rate").GetProperty("card").GetString().ShouldBe("default");
        foreach (var name in new[] { "cost", "cost_currency", "cost_card", "converted_cost", "margin" }) seen.GetProperty(name).ValueKind.ShouldBe(JsonValueKind.Null, name);
        foreach (var name in new[] { "cost", "cost_rate", "vendor" }) seen.GetProperty("quantities")[0].GetProperty(name).ValueKind.ShouldBe(JsonValueKind.Null, name);
        own.Text.ShouldNotContain("cogs");
        own.Text.ShouldNotContain("accrued_cost");
    }

    [Fact]
    public async Task An_event_of_another_tenant_or_none_is_not_there()
    {
        var (tenant, other) = (await PreparedAsync(), await host.NewTenantAsync());
        var id = await SendAsync(tenant, "2", 1000);
        var client = host.Client(await host.NewKeyAsync(other, Scope.Read));
        (await client.SendAsync("GET", $"/v1/tenants/{other}/events/{id}")).ShouldBe(404, "unknown_event");
        (await client.SendAsync("GET", $"/v1/tenants/{tenant}/events/{id}")).ShouldBe(403, "other_tenant");
        (await client.SendAsync("GET", $"/v1/tenants/{other}/events/nothing")).ShouldBe(404, "unknown_event");
    }

    private async Task<string> SendAsync(string tenant, string id, int tokens)
    {
        var body = $$$"""
            {"specversion":"1.0","type":"llm.completion","source":"test","id":"{{{id}}}","subject":"{{{tenant}}}","time":"{{{DateTimeOffset.UtcNow.AddMinutes(-5):yyyy-MM-ddTHH:mm:ssZ}}}",
             "data":{"model":"m","input_tokens":{{{tokens}}}}}
            """;
        return (await host.Client().SendAsync("POST", "/v1/events", body, contentType: "application/cloudevents+json")).ShouldBe(200)
            .Json.GetProperty("results")[0].GetProperty("event").GetString()!;
    }

    private async Task<string> PreparedAsync()
    {
        var client = host.Client();
        if ((await client.SendAsync("GET", "/v1/meters/llm")).Status == 404)
        {
            (await client.SendAsync("PUT", "/v1/meters/llm", """
                {"event_type":"llm.completion","product":"llm","aggregation":"sum","dimensions":["model"],"quantities":[{"property":"input_tokens","set":{"token_type":"input"}}]}
                """)).ShouldBe(201);
            (await client.SendAsync("PUT", "/v1/rate-cards/default", """{"name":"Default"}""")).Status.ShouldBeInRange(200, 201);
            (await client.SendAsync("POST", "/v1/rate-cards/default/versions", """
                {"effective_at":"2020-01-01T00:00:00Z","rates":[
                 {"meter":"llm","match":{"model":"m"},"unit":"CREDIT","price":{"model":"per_unit","amount":"1","per":"1000"}},
                 {"meter":"llm","match":{},"unit":"CREDIT","price":{"model":"per_unit","amount":"7","per":"1000"}}]}
                """)).ShouldBe(201);
            (await client.SendAsync("PUT", "/v1/cost-cards/vendor", """{"name":"Vendor"}""")).Status.ShouldBeInRange(200, 201);
            (await client.SendAsync("POST", "/v1/cost-cards/vendor/versions", """
                {"effective_at":"2020-01-01T00:00:00Z","rates":[{"meter":"llm","match":{"model":"m"},"unit":"USD","price":{"model":"per_unit","amount":"0.01","per":"1000"}}]}
                """)).ShouldBe(201);
        }

        var tenant = await host.NewTenantAsync();
        (await client.SendAsync("POST", $"/v1/tenants/{tenant}/grants", """{"credits":"100","source":"purchase","value":"10"}""")).ShouldBe(201);
        return tenant;
    }
}
