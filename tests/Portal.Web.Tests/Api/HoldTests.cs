using System.Text.Json;
using Portal.Domain.Tenants;
using Portal.Testing;

namespace Portal.Web.Tests.Api;

/// <summary>Holds and allowances over HTTP: what is answered, what is refused, and that refusing changes nothing.</summary>
public sealed class HoldTests(ApiHost host) : IClassFixture<ApiHost>
{
    private async Task<(string Tenant, HttpClient Client)> FundedAsync(string credits = "10")
    {
        var tenant = await host.NewTenantAsync();
        var client = host.Client();
        (await client.SendAsync("POST", $"/v1/tenants/{tenant}/grants", $$"""{"credits":"{{credits}}","source":"promotion"}""")).ShouldBe(201);
        return (tenant, client);
    }

    private static Task<Reply> PlaceAsync(HttpClient client, string tenant, string rest, string? key = null) =>
        client.SendAsync("POST", "/v1/holds", $$"""{"tenant":"{{tenant}}",{{rest}}}""", key);

    private async Task<string> HeldAsync(string tenant) =>
        (await host.Client().SendAsync("GET", $"/v1/tenants/{tenant}/balance")).Json.GetProperty("total").GetProperty("held").GetString()!;

    [Fact]
    public async Task A_hold_is_placed_looked_at_extended_captured_and_answers_its_repeats()
    {
        var (tenant, client) = await FundedAsync();
        var placed = await PlaceAsync(client, tenant, """ "credits":"4","consumer":"ana","ttl_seconds":60 """, "once");
        var hold = placed.ShouldBe(201).Json;
        var path = placed.Headers.Location!.ToString();
        path.ShouldBe($"/v1/holds/{hold.GetProperty("id").GetString()}");
        (await PlaceAsync(client, tenant, """ "credits":"4","consumer":"ana","ttl_seconds":60 """, "once")).ShouldBe(201).Text.ShouldBe(placed.Text);
        (await HeldAsync(tenant)).ShouldBe("4.000000000");

        var seen = (await client.SendAsync("GET", path)).ShouldBe(200).Json;
        (seen.GetProperty("status").GetString(), seen.GetProperty("consumer").GetString(), seen.GetProperty("pool").GetString(), seen.GetProperty("tenant").GetString())
            .ShouldBe(("open", "ana", "shared", tenant));
        (await client.SendAsync("PATCH", path, """{"credits":"6","ttl_seconds":null}""")).ShouldBe(200).Json.GetProperty("credits").GetString().ShouldBe("6.000000000");
        (await client.SendAsync("PATCH", path, """{"credits":"11"}""")).ShouldBe(402, "insufficient_credits");

        var captured = await client.SendAsync("POST", path + "/capture", """{"credits":"2.5"}""");
        captured.ShouldBe(200).Json.GetProperty("credits").GetString().ShouldBe("2.500000000");
        (captured.Json.GetProperty("status").GetString(), captured.Json.GetProperty("hold").GetString()).ShouldBe(("accepted", "captured"));
        (await client.SendAsync("POST", path + "/capture", """{"credits":2.5}""")).ShouldBe(200).Text.ShouldBe(captured.Text);
        (await client.SendAsync("POST", path + "/capture", """{"credits":"3"}""")).ShouldBe(409, "hold_captured");
        (await client.SendAsync("DELETE", path)).ShouldBe(409, "hold_captured");
        (await client.SendAsync("PATCH", path, """{"credits":"1"}""")).ShouldBe(409, "hold_captured");
        seen = (await client.SendAsync("GET", path)).Json;
        (seen.GetProperty("status").GetString(), seen.GetProperty("capture").GetProperty("credits").GetString()).ShouldBe(("captured", "2.500000000"));
        var events = (await client.SendAsync("GET", $"/v1/tenants/{tenant}/events")).Json.GetProperty("items");
        (events[0].GetProperty("source").GetString(), events[0].GetProperty("type").GetString(), events[0].GetProperty("product").GetString(), events[0].GetProperty("consumer").GetString())
            .ShouldBe(("holds", "credits.captured", "credits", "ana"));
        (await client.SendAsync("GET", $"/v1/tenants/{tenant}/events/{events[0].GetProperty("event").GetString()}")).ShouldBe(200)
            .Json.GetProperty("pieces")[0].GetProperty("credits").GetString().ShouldBe("2.500000000");
        (await client.SendAsync("POST", "/v1/reconciliation")).Json.GetProperty("ok").GetBoolean().ShouldBeTrue();
    }

    [Fact]
    public async Task A_release_is_repeatable_and_refuses_a_capture_afterwards()
    {
        var (tenant, client) = await FundedAsync();
        var path = (await PlaceAsync(client, tenant, """ "credits":"4" """)).Headers.Location!.ToString();
        (await client.SendAsync("DELETE", path)).ShouldBe(204);
        (await client.SendAsync("DELETE", path)).ShouldBe(204);
        (await client.SendAsync("POST", path + "/capture", """{"credits":"1"}""")).ShouldBe(409, "hold_released");
        (await client.SendAsync("PATCH", path, """{"ttl_seconds":5}""")).ShouldBe(409, "hold_released");
        (await HeldAsync(tenant)).ShouldBe("0.000000000");
    }

    [Fact]
    public async Task A_refusal_names_the_limit_what_was_asked_and_what_is_available()
    {
        var (tenant, client) = await FundedAsync();
        var open = (await PlaceAsync(client, tenant, """ "credits":"7" """)).ShouldBe(201).Json;

        var refused = (await PlaceAsync(client, tenant, """ "credits":"5" """)).ShouldBe(402, "insufficient_credits").Json;
        (refused.GetProperty("requested").GetString(), refused.GetProperty("available").GetString()).ShouldBe(("5.000000000", "3.000000000"));
        var limit = refused.GetProperty("limit");
        (limit.GetProperty("kind").GetString(), limit.GetProperty("pool").GetString(), limit.GetProperty("held").GetString()).ShouldBe(("credits", "shared", "7.000000000"));
        limit.GetProperty("frees_at").GetString().ShouldBe(open.GetProperty("expires_at").GetString());

        await client.SendAsync("PUT", $"/v1/tenants/{tenant}/consumers/ana", "{}");
        (await client.SendAsync("PUT", $"/v1/tenants/{tenant}/consumers/ana/allowances/shared", """{"limit":"2","period":"month","mode":"hard"}""")).ShouldBe(201);
        limit = (await PlaceAsync(client, tenant, """ "credits":"3","consumer":"ana" """)).ShouldBe(402, "allowance_exceeded").Json.GetProperty("limit");
        (limit.GetProperty("kind").GetString(), limit.GetProperty("consumer").GetString(), limit.GetProperty("pool").GetString(), limit.GetProperty("period").GetString(),
            limit.GetProperty("limit").GetString(), limit.GetProperty("used").GetString()).ShouldBe(("allowance", "ana", "shared", "month", "2.000000000", "0.000000000"));
        limit.GetProperty("frees_at").ValueKind.ShouldBe(JsonValueKind.String);
        (await HeldAsync(tenant)).ShouldBe("7.000000000");

        (await client.SendAsync("POST", $"/v1/tenants/{tenant}/suspend", "{}")).Status.ShouldBeInRange(200, 204);
        (await PlaceAsync(client, tenant, """ "credits":"0" """)).ShouldBe(403, "tenant_suspended");
    }

    [Fact]
    public async Task An_estimate_gives_credits_consumer_pool_and_product_and_the_event_captures_it()
    {
        await UsePricesAsync();
        var (tenant, client) = await FundedAsync("100");
        var usage = TestPortal.Usage(tenant, "1", 3000, 500, consumer: "ana", at: DateTimeOffset.UtcNow); // 3 + 1 credits

        var estimate = (await client.SendAsync("POST", "/v1/estimate", usage)).ShouldBe(200).Json;
        (estimate.GetProperty("credits").GetString(), estimate.GetProperty("cost").GetString()).ShouldBe(("4.000000000", "0.004000000"));
        var line = estimate.GetProperty("lines")[1]; // 500 out at 2 a thousand
        (line.GetProperty("quantity").GetString(), line.GetProperty("credits").GetString(), line.GetProperty("unit").GetString(), line.GetProperty("cost").GetString())
            .ShouldBe(("500.000000000", "1.000000000", "CREDIT", "0.001000000"));
        (line.GetProperty("rate").GetProperty("card").GetString(), line.GetProperty("rate").GetProperty("match").GetProperty("token_type").GetString())
            .ShouldBe(("default", "output"));
        (await host.Client(await host.NewKeyAsync(tenant, Scope.Read)).SendAsync("POST", "/v1/estimate", usage)).Json.GetProperty("cost").ValueKind.ShouldBe(JsonValueKind.Null);
        var placed = await PlaceAsync(client, tenant, $"\"estimate\":{usage}");
        var hold = placed.ShouldBe(201).Json;
        (hold.GetProperty("credits").GetString(), hold.GetProperty("consumer").GetString(), hold.GetProperty("product").GetString()).ShouldBe(("4.000000000", "ana", "llm"));
        var captured = (await client.SendAsync("POST", placed.Headers.Location + "/capture", usage, contentType: "application/cloudevents+json")).ShouldBe(200).Json;
        (captured.GetProperty("status").GetString(), captured.GetProperty("credits").GetString(), captured.GetProperty("hold").GetString())
            .ShouldBe(("accepted", "4.000000000", "captured"));

        (await PlaceAsync(client, tenant, $"\"estimate\":{TestPortal.Usage(tenant, "2", 1, model: "unheard-of")}")).ShouldBe(422, "estimate_unrated");
        (await PlaceAsync(client, tenant, $"\"estimate\":{TestPortal.Usage(await host.NewTenantAsync(), "2", 1)}")).ShouldBe(422, "unknown_tenant");
        (await PlaceAsync(client, tenant, "\"estimate\":{\"id\":\"1\"}")).ShouldBe(422);
        (await PlaceAsync(client, tenant, "\"estimate\":[]")).Status.ShouldBe(400);
    }

    [Theory]
    [InlineData(""" "credits":"-1" """, "invalid_credits")]
    [InlineData(""" "credits":"0.0000000001" """, "invalid_credits")]
    [InlineData(""" "credits":"99999999999999999999" """, "invalid_credits")]
    [InlineData(""" "credits":"many" """, "invalid_number")]
    [InlineData(""" "consumer":"ana" """, "invalid_hold")]
    [InlineData(""" "credits":"1","estimate":{} """, "invalid_hold")]
    [InlineData(""" "credits":"1","pool":"none" """, "unknown_pool")]
    [InlineData(""" "credits":"1","product":"none" """, "unknown_product")]
    [InlineData(""" "credits":"1","consumer":"" """, "invalid_consumer")]
    [InlineData(""" "credits":"1","ttl_seconds":0 """, "invalid_ttl")]
    [InlineData(""" "credits":"1","ttl_seconds":604801 """, "invalid_ttl")]
    [InlineData(""" "credits":"1","ttl_seconds":-2147483648 """, "invalid_ttl")]
    [InlineData(""" "credits":"1","ttl_seconds":"soon" """, "invalid_field")]
    [InlineData(""" "credits":"1","colour":"red" """, "unknown_field")]
    public async Task A_hold_that_cannot_be_is_refused_and_nothing_is_held(string rest, string code)
    {
        var (tenant, client) = await FundedAsync();
        (await PlaceAsync(client, tenant, rest)).ShouldBe(400, code);
        (await HeldAsync(tenant)).ShouldBe("0.000000000");
        (await client.SendAsync("GET", $"/v1/tenants/{tenant}/consumers")).Json.GetProperty("items").GetArrayLength().ShouldBe(0);
    }

    [Theory]
    [InlineData("""{"credits":"-1"}""", 400, "invalid_credits")]
    [InlineData("""{"credits":null}""", 400, "missing_field")]
    [InlineData("""{"credits":"1","colour":"red"}""", 400, "unknown_field")]
    [InlineData("""{}""", 422, "missing_id")]
    [InlineData("""{"credits":""", 400, "malformed_json")]
    [InlineData("", 400, "malformed_json")]
    public async Task A_capture_that_cannot_be_leaves_the_hold_open(string body, int status, string code)
    {
        var (tenant, client) = await FundedAsync();
        var path = (await PlaceAsync(client, tenant, """ "credits":"4" """)).Headers.Location!.ToString();
        (await client.SendAsync("POST", path + "/capture", body)).ShouldBe(status, code);
        (await client.SendAsync("POST", path + "/capture", """{"credits":"1"}""", contentType: "text/plain")).ShouldBe(415, "unsupported_media_type");
        (await client.SendAsync("GET", path)).Json.GetProperty("status").GetString().ShouldBe("open");
    }

    [Fact]
    public async Task Anothers_hold_is_as_unknown_as_none()
    {
        var (tenant, client) = await FundedAsync();
        var (other, _) = await FundedAsync();
        var id = (await PlaceAsync(client, other, """ "credits":"4" """)).ShouldBe(201).Json.GetProperty("id").GetString()!;
        var own = host.Client(await host.NewKeyAsync(tenant, Scope.HoldsWrite, Scope.Read));
        foreach (var path in new[] { $"/v1/holds/{id}", "/v1/holds/hold_ffff_0199aaaaaaaa7000800000000000000a", "/v1/holds/x", $"/v1/holds/{id[..^1]}{(id[^1] == '0' ? '1' : '0')}" })
        {
            (await own.SendAsync("GET", path)).ShouldBe(404, "unknown_hold");
            (await own.SendAsync("PATCH", path, """{"ttl_seconds":5}""")).ShouldBe(404, "unknown_hold");
            (await own.SendAsync("POST", path + "/capture", """{"credits":"1"}""")).ShouldBe(404, "unknown_hold");
            (await own.SendAsync("DELETE", path)).ShouldBe(404, "unknown_hold");
            if (path.EndsWith(id, StringComparison.Ordinal)) continue;
            (await client.SendAsync("GET", path)).ShouldBe(404, "unknown_hold");
            (await client.SendAsync("POST", path + "/capture", """{"credits":"1"}""")).ShouldBe(404, "unknown_hold");
            (await client.SendAsync("DELETE", path)).ShouldBe(404, "unknown_hold");
        }

        (await PlaceAsync(own, other, """ "credits":"1" """)).ShouldBe(403, "other_tenant");
        (await PlaceAsync(own, tenant, """ "credits":"1","pool":"team-of-other" """)).ShouldBe(400, "unknown_pool");
        (await PlaceAsync(own, tenant, """ "credits":"1" """)).ShouldBe(201);
        (await HeldAsync(other)).ShouldBe("4.000000000");
    }

    [Fact]
    public async Task An_allowance_is_set_shown_changed_and_removed()
    {
        var (tenant, client) = await FundedAsync();
        await client.SendAsync("PUT", $"/v1/tenants/{tenant}/consumers/ana%40example.com", "{}");
        var path = $"/v1/tenants/{tenant}/consumers/ana%40example.com/allowances/shared";
        (await client.SendAsync("GET", path)).ShouldBe(404, "unknown_allowance");
        var made = (await client.SendAsync("PUT", path, """{"limit":"100","period":"quarter"}""")).ShouldBe(201).Json;
        (made.GetProperty("mode").GetString(), made.GetProperty("limit").GetString(), made.GetProperty("available").GetString()).ShouldBe(("hard", "100.000000000", "100.000000000"));
        (await client.SendAsync("PUT", path, """{"limit":5,"period":"lifetime","mode":"soft"}""")).ShouldBe(200).Json.GetProperty("period_end").ValueKind.ShouldBe(JsonValueKind.Null);
        (await client.SendAsync("GET", path)).ShouldBe(200).Json.GetProperty("period").GetString().ShouldBe("lifetime");
        var listed = (await client.SendAsync("GET", path[..path.LastIndexOf('/')])).ShouldBe(200).Json.GetProperty("items");
        (listed.GetArrayLength(), listed[0].GetProperty("consumer").GetString()).ShouldBe((1, "ana@example.com"));
        (await client.SendAsync("DELETE", path)).ShouldBe(204);
        (await client.SendAsync("DELETE", path)).ShouldBe(404, "unknown_allowance");
    }

    [Theory]
    [InlineData("ana", "shared", """{"limit":"-1","period":"day"}""", 400, "invalid_limit")]
    [InlineData("ana", "shared", """{"limit":"0.0000000001","period":"day"}""", 400, "invalid_limit")]
    [InlineData("ana", "shared", """{"limit":"1","period":"year"}""", 400, "invalid_period")]
    [InlineData("ana", "shared", """{"limit":"1","period":"day","mode":"firm"}""", 400, "invalid_mode")]
    [InlineData("ana", "shared", """{"period":"day"}""", 400, "missing_field")]
    [InlineData("ana", "shared", """{"limit":"1","period":"day","colour":"red"}""", 400, "unknown_field")]
    [InlineData("ana", "none", """{"limit":"1","period":"day"}""", 404, "unknown_pool")]
    [InlineData("ana", "closed", """{"limit":"1","period":"day"}""", 409, "pool_closed")]
    [InlineData("nobody", "shared", """{"limit":"1","period":"day"}""", 404, "unknown_consumer")]
    public async Task An_allowance_that_cannot_be_is_refused(string consumer, string pool, string body, int status, string code)
    {
        var (tenant, client) = await FundedAsync();
        await client.SendAsync("PUT", $"/v1/tenants/{tenant}/consumers/ana", "{}");
        (await client.SendAsync("POST", $"/v1/tenants/{tenant}/pools", """{"key":"closed","name":"Closed"}""")).ShouldBe(201);
        (await client.SendAsync("DELETE", $"/v1/tenants/{tenant}/pools/closed")).Status.ShouldBeInRange(200, 204);
        (await client.SendAsync("PUT", $"/v1/tenants/{tenant}/consumers/{consumer}/allowances/{pool}", body)).ShouldBe(status, code);
        (await client.SendAsync("GET", $"/v1/tenants/{tenant}/consumers/ana/allowances")).Json.GetProperty("items").GetArrayLength().ShouldBe(0);
    }

    private async Task UsePricesAsync()
    {
        var client = host.Client();
        (await client.SendAsync("PUT", "/v1/meters/llm", """
            {"event_type":"llm.completion","product":"llm","aggregation":"sum","dimensions":["model","tier"],"defaults":{"tier":"standard"},"quantities":[
             {"property":"input_tokens","set":{"token_type":"input"}},{"property":"output_tokens","set":{"token_type":"output"}}]}
            """)).Status.ShouldBeInRange(200, 201);
        await client.SendAsync("PUT", "/v1/rate-cards/default", """{"name":"Default"}""");
        (await client.SendAsync("POST", "/v1/rate-cards/default/versions", """
            {"effective_at":"2020-01-01T00:00:00Z","rates":[
             {"meter":"llm","match":{"model":"small","token_type":"input"},"unit":"CREDIT","price":{"model":"per_unit","amount":"1","per":"1000"}},
             {"meter":"llm","match":{"model":"small","token_type":"output"},"unit":"CREDIT","price":{"model":"per_unit","amount":"2","per":"1000"}}]}
            """)).ShouldBe(201);
        await client.SendAsync("PUT", "/v1/cost-cards/vendor", """{"name":"Vendor"}""");
        (await client.SendAsync("POST", "/v1/cost-cards/vendor/versions", """
            {"effective_at":"2020-01-01T00:00:00Z","rates":[{"meter":"llm","match":{"token_type":"input"},"unit":"USD","price":{"model":"per_unit","amount":"0.001","per":"1000"}},
             {"meter":"llm","match":{"token_type":"output"},"unit":"USD","price":{"model":"per_unit","amount":"0.002","per":"1000"}}]}
            """)).ShouldBe(201);
    }
}
