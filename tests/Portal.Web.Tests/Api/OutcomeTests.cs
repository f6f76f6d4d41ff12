using System.Text.Json;

namespace Portal.Web.Tests.Api;

/// <summary>Outcome rules, cases and disputes over HTTP.</summary>
public sealed class OutcomeTests(ApiHost host) : IClassFixture<ApiHost>
{
    private const string Rule = """
        {"effective_at":"2020-01-01T00:00:00Z","product":"support","case":"case","settlement":"PT1S","abandon_after":"P30D","rules":[
          {"if":{"event":"conversation.escalated"},"then":"not_billable","reason":"escalated"},
          {"if":{"event":"conversation.resolved"},"then":"billable","reason":"confirmed"},
          {"if":{"silence":"P1D","after":"agent.answered"},"then":"billable","reason":"assumed"}],"else":"pending"}
        """;

    private HttpClient Platform => host.Client();

    private async Task<string> RuleAsync()
    {
        var key = "r" + Guid.NewGuid().ToString("N")[..10];
        (await Platform.SendAsync("PUT", $"/v1/outcomes/{key}", """{"name":"Per resolution"}""")).ShouldBe(201);
        (await Platform.SendAsync("POST", $"/v1/outcomes/{key}/versions", Rule)).ShouldBe(201);
        return key;
    }

    [Fact]
    public async Task A_rule_is_put_published_shown_and_listed()
    {
        var key = await RuleAsync();
        (await Platform.SendAsync("PUT", $"/v1/outcomes/{key}", """{"name":"Renamed"}""")).ShouldBe(200);
        var shown = (await Platform.SendAsync("GET", $"/v1/outcomes/{key}")).ShouldBe(200).Json;
        shown.GetProperty("name").GetString().ShouldBe("Renamed");
        var version = shown.GetProperty("versions")[0];
        version.GetProperty("version").GetInt32().ShouldBe(1);
        version.GetProperty("definition").GetProperty("rules")[2].GetProperty("if").GetProperty("silence").GetString().ShouldBe("P1D");
        (await Platform.SendAsync("POST", $"/v1/outcomes/{key}/versions", Rule, idempotencyKey: "v")).ShouldBe(201).Json.GetProperty("version").GetInt32().ShouldBe(2);
        (await Platform.SendAsync("POST", $"/v1/outcomes/{key}/versions", Rule, idempotencyKey: "v")).ShouldBe(201).Json.GetProperty("version").GetInt32().ShouldBe(2);
        (await Platform.SendAsync("GET", "/v1/outcomes?limit=500")).ShouldBe(200).Text.ShouldContain(key);
        (await Platform.SendAsync("GET", "/v1/outcomes/nothing")).ShouldBe(404, "unknown_outcome_rule");
        (await Platform.SendAsync("POST", "/v1/outcomes/nothing/versions", Rule)).ShouldBe(404, "unknown_outcome_rule");
    }

    [Theory]
    [InlineData("{\"event\":\"conversation.escalated\"}", "{\"happened\":\"x\"}", "invalid_condition", "rules[0].if")]
    [InlineData("\"P1D\"", "\"tomorrow\"", "invalid_span", "rules[2].if.silence")]
    [InlineData("\"billable\"", "\"pending\"", "rule_never_decides", "rules")]
    [InlineData("\"product\":\"support\"", "\"product\":\"other\"", "product_changed", "product")]
    public async Task A_rule_that_cannot_be_is_422_with_its_line(string was, string becomes, string code, string field)
    {
        var key = await RuleAsync();
        var wrong = Rule.Replace(was, becomes, StringComparison.Ordinal);
        if (code == "rule_never_decides") wrong = wrong.Replace("not_billable", "pending", StringComparison.Ordinal);
        var reply = await Platform.SendAsync("POST", $"/v1/outcomes/{key}/versions", wrong);
        reply.ShouldBe(422, code).Json.GetProperty("errors").TryGetProperty(field, out _).ShouldBeTrue(reply.Text);
        (await Platform.SendAsync("GET", $"/v1/outcomes/{key}")).Json.GetProperty("versions").GetArrayLength().ShouldBe(1);
    }

    [Fact]
    public async Task A_malformed_rule_is_400()
    {
        var key = await RuleAsync();
        (await Platform.SendAsync("POST", $"/v1/outcomes/{key}/versions", Rule.Replace("\"else\"", "\"otherwise\"", StringComparison.Ordinal))).ShouldBe(400, "unknown_field");
        (await Platform.SendAsync("POST", $"/v1/outcomes/{key}/versions", "{")).ShouldBe(400, "malformed_json");
        (await Platform.SendAsync("PUT", "/v1/outcomes/No%20Slug", """{"name":"x"}""")).ShouldBe(400, "invalid_key");
    }

    [Fact]
    public async Task A_plan_names_rules_that_exist()
    {
        var key = await RuleAsync();
        string Plan(string outcomes) => $$"""{"name":"Pro","currency":"USD","period":"month","outcomes":{{outcomes}},"items":[{"key":"base","type":"flat","amount":"29.00"}]}""";
        (await Platform.SendAsync("PUT", $"/v1/plans/{key}", Plan("""{"support":"nothing"}"""))).ShouldBe(400, "unknown_outcomes");
        (await Platform.SendAsync("PUT", $"/v1/plans/{key}", Plan($$"""{"other":"{{key}}"}"""))).ShouldBe(400, "unknown_outcomes");
        (await Platform.SendAsync("PUT", $"/v1/plans/{key}", Plan($$"""{"support":"{{key}}"}"""))).ShouldBe(201)
            .Json.GetProperty("outcomes").GetProperty("support").GetString().ShouldBe(key);
    }

    [Fact]
    public async Task A_case_is_billed_shown_disputed_and_decided()
    {
        var (rule, tenant) = (await RuleAsync(), await host.NewTenantAsync());
        var plan = $$"""{"name":"Pro","currency":"USD","period":"month","outcomes":{"support":"{{rule}}"},"items":[{"key":"base","type":"flat","amount":"29.00"}]}""";
        (await Platform.SendAsync("PUT", $"/v1/plans/{rule}", plan)).ShouldBe(201);
        (await Platform.SendAsync("POST", $"/v1/tenants/{tenant}/subscriptions", $$"""{"plan":"{{rule}}","start":"now"}""")).ShouldBe(201);
        var at = DateTimeOffset.Parse(
            (await Platform.SendAsync("GET", "/v1/test-clock")).Json.GetProperty("now").GetString()!, System.Globalization.CultureInfo.InvariantCulture);
        string Event(string id, string type, string name) => JsonSerializer.Serialize(new
        {
            specversion = "1.0",
            type,
            source = "desk",
            id,
            subject = tenant,
            time = at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", System.Globalization.CultureInfo.InvariantCulture),
            data = new Dictionary<string, string>(StringComparer.Ordinal) { ["case"] = name },
        });
        (await Platform.SendAsync("POST", "/v1/events", Event("1", "conversation.resolved", "a 1"))).ShouldBe(200).Json.GetProperty("accepted").GetInt32().ShouldBe(1);
        (await Platform.SendAsync("POST", "/v1/events", Event("2", "conversation.escalated", "b"))).ShouldBe(200);
        (await Platform.SendAsync("POST", "/v1/test-clock/advance", $$"""{"to":"{{at.AddSeconds(5).UtcDateTime:yyyy-MM-dd'T'HH:mm:ss'Z'}}"}""")).Status.ShouldBe(200);

        var cases = $"/v1/tenants/{tenant}/outcomes/cases";
        var listed = (await Platform.SendAsync("GET", $"{cases}?limit=1")).ShouldBe(200).Json;
        var second = (await Platform.SendAsync("GET", $"{cases}?limit=1&cursor={listed.GetProperty("next_cursor").GetString()}")).ShouldBe(200).Json;
        second.GetProperty("next_cursor").ValueKind.ShouldBe(JsonValueKind.Null);
        (await Platform.SendAsync("GET", $"{cases}?status=rejected")).ShouldBe(200).Json.GetProperty("items")[0].GetProperty("reason").GetString().ShouldBe("escalated");
        (await Platform.SendAsync("GET", $"{cases}?status=odd")).ShouldBe(400, "invalid_status");
        (await Platform.SendAsync("GET", $"{cases}?from=odd")).ShouldBe(400, "invalid_instant");
        var one = (await Platform.SendAsync("GET", $"{cases}/a%201")).ShouldBe(200).Json;
        one.GetProperty("status").GetString().ShouldBe("billed");
        one.GetProperty("reason").GetString().ShouldBe("confirmed");
        one.GetProperty("evidence")[0].GetProperty("decided").GetBoolean().ShouldBeTrue();
        one.GetProperty("rule_definition").GetProperty("product").GetString().ShouldBe("support");
        (await Platform.SendAsync("GET", $"{cases}/zzz")).ShouldBe(404, "unknown_case");

        (await Platform.SendAsync("POST", $"{cases}/b/dispute", """{"reason":"No."}""")).ShouldBe(409, "case_not_billed");
        (await Platform.SendAsync("POST", $"{cases}/a%201/decide", """{"accept":true,"reason":"Yes."}""")).ShouldBe(409, "case_not_disputed");
        (await Platform.SendAsync("POST", $"{cases}/a%201/dispute", """{"reason":""}""")).ShouldBe(400, "invalid_reason");
        (await Platform.SendAsync("POST", $"{cases}/a%201/dispute", """{"reason":"It came back."}""")).ShouldBe(200).Json.GetProperty("dispute").GetProperty("status").GetString().ShouldBe("open");
        (await Platform.SendAsync("POST", $"{cases}/a%201/dispute", """{"reason":"It came back."}""")).ShouldBe(409, "case_disputed");
        var decided = (await Platform.SendAsync("POST", $"{cases}/a%201/decide", """{"accept":true,"reason":"Right."}""")).ShouldBe(200).Json;
        decided.GetProperty("status").GetString().ShouldBe("rejected");
        decided.GetProperty("billed").ValueKind.ShouldBe(JsonValueKind.Null);
        (await Platform.SendAsync("POST", $"{cases}/a%201/decide", """{"accept":false,"reason":"Wrong."}""")).ShouldBe(409, "dispute_decided");
    }
}
