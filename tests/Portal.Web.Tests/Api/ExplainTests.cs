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

    [Fact]
    public async Task What_a_team_drew_from_the_shared_pool_with_blended_price_and_cost_is_one_call()
    {
        var tenant = await PreparedAsync();
        await SendAsync(tenant, "3", 5000, ",\"team\":\"team-a\""); // 5 credits: $0.50, cost 0.05
        await SendAsync(tenant, "4", 2000); // of no team
        var path = $"/v1/tenants/{tenant}/usage?group_by=team,model&team=team-a&pool=shared&compare=previous";

        var usage = (await host.Client().SendAsync("GET", path)).ShouldBe(200).Json;
        var row = usage.GetProperty("rows").EnumerateArray().ShouldHaveSingleItem();
        row.GetProperty("team").GetString().ShouldBe("team-a");
        row.GetProperty("credits").GetString().ShouldBe("5.000000000");
        row.GetProperty("blended_price").GetString().ShouldBe("0.100000000"); // 0.50 ÷ 5
        row.GetProperty("blended_cost").GetString().ShouldBe("0.010000000"); // 0.05 ÷ 5
        row.GetProperty("margin").GetString().ShouldBe("0.450000000");
        row.GetProperty("before").GetProperty("credits").GetString().ShouldBe("0.000000000");
        usage.GetProperty("totals").GetProperty("before").GetProperty("events").GetInt64().ShouldBe(0);

        var own = host.Client(await host.NewKeyAsync(tenant, Scope.Read));
        (await own.SendAsync("GET", path)).ShouldBe(200).Text.ShouldNotContain("cost");
        (await own.SendAsync("GET", path.Replace("compare=previous", "compare=never", StringComparison.Ordinal))).ShouldBe(400, "invalid_compare");
        (await own.SendAsync("GET", $"/v1/tenants/{tenant}/usage?day=x")).ShouldBe(400, "invalid_filter");
        own.DefaultRequestHeaders.Accept.ParseAdd("text/csv");
        (await own.SendAsync("GET", path)).ShouldBe(200).Text.ShouldStartWith("team,model,events,quantity,credits,revenue,blended_price\r\nteam-a,m,1,");
    }

    [Fact]
    public async Task What_so_many_would_cost_is_estimated_and_changes_nothing()
    {
        var tenant = await PreparedAsync();
        var body = $$$"""{"specversion":"1.0","type":"llm.completion","source":"test","id":"e","subject":"{{{tenant}}}","time":"{{{DateTimeOffset.UtcNow:yyyy-MM-ddTHH:mm:ssZ}}}","data":{"model":"m","input_tokens":1500}}""";

        var all = (await host.Client().SendAsync("POST", "/v1/estimate?count=4000", body)).ShouldBe(200).Json;
        all.GetProperty("credits").GetString().ShouldBe("1.500000000");
        var total = all.GetProperty("total");
        total.GetProperty("count").GetInt32().ShouldBe(4000);
        total.GetProperty("credits").GetString().ShouldBe("6000.000000000"); // 4,000 × 1.5
        total.GetProperty("cost").GetString().ShouldBe("60.000000000"); // 4,000 × 0.015
        var own = (await host.Client(await host.NewKeyAsync(tenant, Scope.Read)).SendAsync("POST", "/v1/estimate?count=2", body)).ShouldBe(200).Json;
        own.GetProperty("total").GetProperty("cost").ValueKind.ShouldBe(JsonValueKind.Null);
        foreach (var count in new[] { "0", "-1", "many", "100001", "1.5" })
            (await host.Client().SendAsync("POST", "/v1/estimate?count=" + count, body)).ShouldBe(400, "invalid_count");
        (await host.Client().SendAsync("GET", $"/v1/tenants/{tenant}/events")).ShouldBe(200).Json.GetProperty("items").GetArrayLength().ShouldBe(0);
    }

    private async Task<string> SendAsync(string tenant, string id, int tokens, string more = "")
    {
        var body = $$$"""
            {"specversion":"1.0","type":"llm.completion","source":"test","id":"{{{id}}}","subject":"{{{tenant}}}","time":"{{{DateTimeOffset.UtcNow.AddMinutes(-5):yyyy-MM-ddTHH:mm:ssZ}}}",
             "data":{"model":"m","input_tokens":{{{tokens}}}{{{more}}}}}
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
