using System.Globalization;
using System.Text.Json;
using Portal.Domain.Tenants;

namespace Portal.Web.Tests.Api;

/// <summary>Plans, subscriptions and the test clock over HTTP: what they answer, and what bad input gets.</summary>
public sealed class SubscriptionTests(ApiHost host) : IClassFixture<ApiHost>
{
    private const string Pro = """
        {"name":"Pro","currency":"USD","period":"month","tax":"exclusive","rate_card":null,"outcomes":null,"items":[
          {"key":"base","type":"flat","amount":"29.00"},
          {"key":"seats","type":"seat","amount":"15.00","included":"1"},
          {"key":"credits","type":"included_credits","credits":"30000","revenue_share":"20.00","every":"month",
             "rollover":{"min":"0","max":"60000","max_share":null,"max_rolls":2,"expires_after":"P1M"}},
          {"key":"overage","type":"overage","price":{"model":"per_unit","amount":"0.002"}},
          {"key":"minimum","type":"minimum","amount":"100.00"}]}
        """;

    private HttpClient Platform => host.Client();

    private async Task<string> PlanAsync(string body = Pro)
    {
        var key = "p" + Guid.NewGuid().ToString("N")[..10];
        (await Platform.SendAsync("PUT", $"/v1/plans/{key}", body)).ShouldBe(201);
        return key;
    }

    [Fact]
    public async Task A_plan_is_put_shown_listed_and_versioned()
    {
        var key = await PlanAsync();
        var shown = (await Platform.SendAsync("GET", $"/v1/plans/{key}")).ShouldBe(200).Json;
        shown.GetProperty("version").GetInt32().ShouldBe(1);
        shown.GetProperty("items").GetArrayLength().ShouldBe(5);
        shown.GetProperty("items")[2].GetProperty("rollover").GetProperty("max_rolls").GetInt32().ShouldBe(2);
        (await Platform.SendAsync("PUT", $"/v1/plans/{key}", Pro.Replace("29.00", "29.0", StringComparison.Ordinal))).ShouldBe(200)
            .Json.GetProperty("version").GetInt32().ShouldBe(1); // says the same
        (await Platform.SendAsync("PUT", $"/v1/plans/{key}", Pro.Replace("29.00", "39.00", StringComparison.Ordinal))).ShouldBe(200)
            .Json.GetProperty("version").GetInt32().ShouldBe(2);
        (await Platform.SendAsync("GET", "/v1/plans?limit=500")).Json.GetProperty("items").EnumerateArray().Select(plan => plan.GetProperty("key").GetString()).ShouldContain(key);
        (await Platform.SendAsync("GET", "/v1/plans/none")).ShouldBe(404, "unknown_plan");
    }

    [Theory]
    [InlineData("\"USD\"", "\"XXL\"", "unknown_currency", "currency")]
    [InlineData("\"every\":\"month\"", "\"every\":\"year\"", "every_does_not_divide", "items[2].every")]
    [InlineData("\"revenue_share\":\"20.00\"", "\"revenue_share\":\"30.00\"", "revenue_share_exceeds_fees", "items")]
    public async Task A_plan_that_cannot_be_is_422(string was, string becomes, string code, string field)
    {
        var reply = await Platform.SendAsync("PUT", "/v1/plans/bad", Pro.Replace(was, becomes, StringComparison.Ordinal));
        reply.ShouldBe(422, code).Json.GetProperty("errors").TryGetProperty(field, out _).ShouldBeTrue(reply.Text);
        (await Platform.SendAsync("GET", "/v1/plans/bad")).ShouldBe(404);
    }

    [Theory]
    [InlineData("\"tax\":\"exclusive\"", "\"tax\":\"exclusive\",\"colour\":\"red\"", "unknown_field")]
    [InlineData("\"items\":[", "\"items\":{", "malformed_json")]
    [InlineData("\"rate_card\":null", "\"rate_card\":\"nowhere\"", "unknown_rate_card")]
    [InlineData("{\"key\":\"minimum\",\"type\":\"minimum\",\"amount\":\"100.00\"}", "{\"key\":\"u\",\"type\":\"usage\",\"meter\":\"nothing\",\"price\":{\"model\":\"per_unit\",\"amount\":\"1\"}}", "unknown_meter")]
    [InlineData("\"amount\":\"29.00\"", "\"amount\":\"a lot\"", "invalid_field")]
    public async Task A_malformed_plan_is_400(string was, string becomes, string code)
    {
        var reply = await Platform.SendAsync("PUT", "/v1/plans/bad", Pro.Replace(was, becomes, StringComparison.Ordinal));
        reply.Status.ShouldBe(400, reply.Text);
        if (code != "invalid_field") reply.Code.ShouldBe(code, reply.Text);
        (await Platform.SendAsync("PUT", "/v1/plans/Bad%20Key", Pro)).ShouldBe(400, "invalid_key");
    }

    [Fact]
    public async Task A_subscription_is_made_shown_changed_and_cancelled()
    {
        var (plan, tenant) = (await PlanAsync(), await host.NewTenantAsync());
        var path = $"/v1/tenants/{tenant}/subscriptions";
        var body = $$"""{"plan":"{{plan}}","exhaustion":"overage","spend_cap":"500.00","coupon":null,"trial_until":null,"start":"now"}""";
        var made = (await Platform.SendAsync("POST", path, body, idempotencyKey: "one")).ShouldBe(201).Json;
        (await Platform.SendAsync("POST", path, body, idempotencyKey: "one")).ShouldBe(201).Json.GetProperty("id").GetString().ShouldBe(made.GetProperty("id").GetString());
        (await Platform.SendAsync("POST", path, body)).ShouldBe(409, "subscription_exists");
        var one = $"{path}/{made.GetProperty("id").GetString()}";
        made.GetProperty("state").GetString().ShouldBe("active");
        made.GetProperty("period").GetProperty("end").ValueKind.ShouldBe(JsonValueKind.String);
        (await Platform.SendAsync("GET", $"/v1/tenants/{tenant}/balance")).Json.GetProperty("total").GetProperty("balance").GetString().ShouldBe("30000.000000000");

        var own = host.Client(await host.NewKeyAsync(tenant, Scope.Read, Scope.Manage));
        (await own.SendAsync("GET", one)).ShouldBe(200).Json.GetProperty("spend_cap").GetString().ShouldBe("500.000000000");
        (await own.SendAsync("PATCH", one, """{"spend_cap":"400"}""")).ShouldBe(200);
        (await own.SendAsync("PATCH", one, """{"spend_cap":"400.01"}""")).ShouldBe(403, "platform_key_required");
        (await own.SendAsync("PATCH", one, """{"spend_cap":null}""")).ShouldBe(403, "platform_key_required");
        (await own.SendAsync("PATCH", one, """{"exhaustion":"block"}""")).ShouldBe(403, "platform_key_required");
        (await own.SendAsync("POST", path, body)).ShouldBe(403, "platform_key_required");
        (await Platform.SendAsync("PATCH", one, """{"spend_cap":null,"exhaustion":"block"}""")).ShouldBe(200).Json.GetProperty("exhaustion").GetString().ShouldBe("block");
        (await Platform.SendAsync("PATCH", one, """{"cancel":"tomorrow"}""")).ShouldBe(422, "invalid_cancel");
        (await Platform.SendAsync("PATCH", one, """{"plan":"x"}""")).ShouldBe(422, "unknown_plan");
        (await Platform.SendAsync("PATCH", one, """{"quantities":{"chairs":"8"}}""")).ShouldBe(422, "unknown_item");
        (await Platform.SendAsync("PATCH", one + "?preview=true", """{"quantities":{"seats":"8"}}""")).ShouldBe(200).Json.GetProperty("status").GetString().ShouldBe("draft");
        (await Platform.SendAsync("GET", one)).Json.GetProperty("quantities").EnumerateObject().ShouldBeEmpty();
        (await Platform.SendAsync("PATCH", one, """{"quantities":{"seats":"8"}}""")).ShouldBe(200).Json.GetProperty("quantities").GetProperty("seats").GetString().ShouldBe("8.000000000");
        (await Platform.SendAsync("PATCH", one, """{"contract":{}}""")).ShouldBe(422, "not_supported_yet");
        (await own.SendAsync("PATCH", one, """{"coupon":"x"}""")).ShouldBe(403, "platform_key_required");
        (await Platform.SendAsync("PATCH", one, """{"coupon":"x"}""")).ShouldBe(422, "unknown_coupon");
        (await own.SendAsync("PATCH", one, """{"coupon":null}""")).ShouldBe(400, "invalid_coupon");
        (await own.SendAsync("PATCH", one, """{"resume":true}""")).ShouldBe(409, "not_paused");
        (await own.SendAsync("PATCH", one, """{"pause":true}""")).ShouldBe(200).Json.GetProperty("pause_at").ValueKind.ShouldBe(JsonValueKind.String);
        (await own.SendAsync("PATCH", one, """{"pause":true}""")).ShouldBe(409, "subscription_paused");
        (await own.SendAsync("PATCH", one, """{"resume":true}""")).ShouldBe(200).Json.GetProperty("pause_at").ValueKind.ShouldBe(JsonValueKind.Null);
        (await own.SendAsync("PATCH", one, """{"cancel":"period_end"}""")).ShouldBe(200).Json.GetProperty("cancel_at").ValueKind.ShouldBe(JsonValueKind.String);
        (await own.SendAsync("PATCH", one, """{"cancel":null}""")).ShouldBe(200).Json.GetProperty("cancel_at").ValueKind.ShouldBe(JsonValueKind.Null);
        (await own.SendAsync("DELETE", one)).ShouldBe(204);
        (await own.SendAsync("DELETE", one)).ShouldBe(409, "subscription_cancelled");
        (await own.SendAsync("GET", path)).ShouldBe(200).Json.GetProperty("items")[0].GetProperty("state").GetString().ShouldBe("cancelled");
        (await own.SendAsync("GET", $"{path}/sub_1_x")).ShouldBe(404, "unknown_subscription");
        var other = await host.NewTenantAsync();
        (await Platform.SendAsync("GET", $"/v1/tenants/{other}/subscriptions/{made.GetProperty("id").GetString()}")).ShouldBe(404, "unknown_subscription");
    }

    [Fact]
    public async Task A_contract_is_agreed_with_the_subscription_and_shows_how_far_its_commit_is_spent()
    {
        var (plan, tenant) = (await PlanAsync(), await host.NewTenantAsync());
        var path = $"/v1/tenants/{tenant}/subscriptions";
        var body = $$$"""{"plan":"{{{plan}}}","contract":{"term_months":12,"commit":{"amount":"9000","per":"quarter"},"discounts":[{"percent":"10"}],"net_days":30,"po_number":"PO-1"}}""";
        var made = (await Platform.SendAsync("POST", path, body)).ShouldBe(201).Json;
        made.GetProperty("contract").GetProperty("net_days").GetInt32().ShouldBe(30);
        var own = host.Client(await host.NewKeyAsync(tenant, "read", "manage"));
        (await own.SendAsync("POST", path, body)).ShouldBe(403, "platform_key_required");

        var running = (await own.SendAsync("GET", $"{path}/{made.GetProperty("id").GetString()}")).ShouldBe(200).Json.GetProperty("commit_periods")[0];
        // The plan's 29.00 less 10 %.
        (running.GetProperty("committed").GetString(), running.GetProperty("spent").GetString()).ShouldBe(("9000.000000000", "26.100000000"));
    }

    [Fact]
    public async Task Bad_input_makes_no_subscription()
    {
        var (plan, tenant) = (await PlanAsync(), await host.NewTenantAsync());
        var path = $"/v1/tenants/{tenant}/subscriptions";
        foreach (var (body, status, code) in new[]
        {
            ("{}", 400, "missing_field"),
            ("not json", 400, "malformed_json"),
            ($$"""{"plan":"{{plan}}","price":"1"}""", 400, "unknown_field"),
            ("""{"plan":"none"}""", 422, "unknown_plan"),
            ($$"""{"plan":"{{plan}}","anchor_day":0}""", 422, "invalid_anchor_day"),
            ($$"""{"plan":"{{plan}}","exhaustion":"maybe"}""", 422, "invalid_exhaustion"),
            ($$"""{"plan":"{{plan}}","spend_cap":"-1"}""", 422, "invalid_spend_cap"),
            ($$"""{"plan":"{{plan}}","start":"payment"}""", 400, "invalid_start"),
            ($$$"""{"plan":"{{{plan}}}","quantities":{"chairs":"5"}}""", 422, "unknown_item"),
            ($$$"""{"plan":"{{{plan}}}","quantities":{"seats":"-1"}}""", 422, "invalid_quantity"),
            ($$"""{"plan":"{{plan}}","coupon":"x"}""", 422, "unknown_coupon"),
            ($$$"""{"plan":"{{{plan}}}","contract":{"term_months":0}}""", 422, "invalid_term"),
        })
        {
            (await Platform.SendAsync("POST", path, body)).ShouldBe(status, code);
        }

        (await Platform.SendAsync("POST", path + "?preview=true", $$"""{"plan":"{{plan}}"}""")).ShouldBe(200).Json.GetProperty("total").GetString().ShouldBe("29.000000000");
        (await Platform.SendAsync("POST", path + "?preview=true", """{"plan":"none"}""")).ShouldBe(422, "unknown_plan");
        (await Platform.SendAsync("GET", path)).Json.GetProperty("items").GetArrayLength().ShouldBe(0);
        var euros = await host.NewTenantAsync("EUR");
        (await Platform.SendAsync("POST", $"/v1/tenants/{euros}/subscriptions", $$"""{"plan":"{{plan}}"}""")).ShouldBe(422, "currency_mismatch");
        var free = await PlanAsync("""{"name":"Free","currency":"USD","period":"year","items":[{"key":"credits","type":"included_credits","credits":"10"}]}""");
        (await Platform.SendAsync("POST", path, $$"""{"plan":"{{free}}","exhaustion":"overage"}""")).ShouldBe(422, "overage_price_missing");
    }

    [Fact]
    public async Task The_clock_moves_forward_and_answers_when_all_is_done()
    {
        var (plan, tenant) = (await PlanAsync(), await host.NewTenantAsync());
        var before = (await Platform.SendAsync("GET", "/v1/test-clock")).ShouldBe(200).Json.GetProperty("now").GetDateTimeOffset();
        (await Platform.SendAsync("POST", $"/v1/tenants/{tenant}/subscriptions", $$"""{"plan":"{{plan}}"}""")).ShouldBe(201);
        var to = before.AddMonths(1).AddMinutes(5);
        var reply = await Platform.SendAsync("POST", "/v1/test-clock/advance", $$"""{"to":"{{to.ToString("o", CultureInfo.InvariantCulture)}}"}""");
        reply.ShouldBe(200).Json.GetProperty("now").GetDateTimeOffset().ShouldBe(to, TimeSpan.FromMinutes(2));

        // 30,000 rolled and 30,000 new.
        (await host.Database.ScalarAsync($"select balance from ledger_accounts join tenants using (tenant_id) where key = '{tenant}' and account = 'pool:shared'")).ShouldBe(60000m);
        (await Platform.SendAsync("POST", "/v1/test-clock/advance", $$"""{"to":"{{before.ToString("o", CultureInfo.InvariantCulture)}}"}""")).ShouldBe(422, "clock_goes_back");
        (await Platform.SendAsync("POST", "/v1/test-clock/advance", "{}")).ShouldBe(400, "missing_field");
        (await Platform.SendAsync("POST", "/v1/test-clock/advance", """{"to":"soon"}""")).Status.ShouldBe(400);
        (await host.Client(await host.NewKeyAsync(tenant, Scope.Read, Scope.Manage)).SendAsync("GET", "/v1/test-clock")).ShouldBe(403, "platform_key_required");
    }
}
