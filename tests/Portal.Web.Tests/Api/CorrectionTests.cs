using Portal.Domain.Kernel;

namespace Portal.Web.Tests.Api;

/// <summary>Void and amend through HTTP; a meter of its own counts characters at a credit each.</summary>
public sealed class CorrectionTests(ApiHost host) : IClassFixture<ApiHost>
{
    [Fact]
    public async Task An_event_is_amended_then_voided_and_a_repeat_changes_nothing()
    {
        var (client, key) = await UsedAsync();
        var path = $"/v1/tenants/{key}";
        const string amend = """{"source":"test","id":"one","data":{"characters":4},"reason":"Counted twice"}""";

        var amended = (await client.SendAsync("POST", path + "/events/amend", amend, idempotencyKey: "a")).ShouldBe(200).Json;
        amended.GetProperty("status").GetString().ShouldBe("amended");
        amended.GetProperty("credits").GetString().ShouldBe("4.000000000");
        amended.GetProperty("returned").GetString().ShouldBe("6.000000000");
        (await client.SendAsync("POST", path + "/events/amend", amend, idempotencyKey: "a")).ShouldBe(200).Text.ShouldBe(amended.GetRawText());
        (await BalanceAsync(client, path)).ShouldBe("96.000000000");

        var voided = (await client.SendAsync("POST", "/v1/events/test/one/void", $$"""{"tenant":"{{key}}","reason":"Never asked for","happened":false}""")).ShouldBe(200).Json;
        voided.GetProperty("returned").GetString().ShouldBe("4.000000000");
        (await BalanceAsync(client, path)).ShouldBe("100.000000000");
        var explained = (await client.SendAsync("GET", $"{path}/events/{voided.GetProperty("event").GetString()}")).ShouldBe(200).Json;
        explained.GetProperty("status").GetString().ShouldBe("voided");
        explained.GetProperty("standing").GetProperty("credits").GetString().ShouldBe("0.000000000");
        explained.GetProperty("credits").GetString().ShouldBe("10.000000000", "what was sent stays as it was");
        (await client.SendAsync("POST", path + "/events/void", """{"source":"test","id":"one","reason":"Again"}""")).ShouldBe(409, "event_voided");
    }

    [Theory]
    [InlineData("void", """{"source":"test","id":"none","reason":"x"}""", 404, "unknown_event")]
    [InlineData("void", """{"source":"test","id":"one","reason":""}""", 400, "invalid_reason")]
    [InlineData("void", """{"source":"test","id":"one"}""", 400, "missing_field")]
    [InlineData("void", """{"source":"test","id":"one","reason":"x","cost":1}""", 400, "unknown_field")]
    [InlineData("amend", """{"source":"test","id":"one","reason":"x"}""", 400, "missing_field")]
    [InlineData("amend", """{"source":"test","id":"one","reason":"x","data":7}""", 400, "invalid_data")]
    [InlineData("amend", """{"source":"test","id":"one","reason":"x","data":{"characters":-1}}""", 422, "invalid_quantity")]
    [InlineData("amend", """{"source":"test","id":"one","reason":"x","data":{"characters":1,"pool":"other"}}""", 422, "attribution_changed")]
    public async Task What_cannot_be_corrected_is_refused_and_nothing_changes(string what, string body, int status, string code)
    {
        var (client, key) = await UsedAsync();
        (await client.SendAsync("POST", $"/v1/tenants/{key}/events/{what}", body)).ShouldBe(status, code);
        (await BalanceAsync(client, $"/v1/tenants/{key}")).ShouldBe("90.000000000");
    }

    [Fact]
    public async Task An_event_of_another_tenant_is_unknown()
    {
        var (client, key) = await UsedAsync();
        var other = await host.NewTenantAsync();
        (await client.SendAsync("POST", $"/v1/tenants/{other}/events/void", """{"source":"test","id":"one","reason":"x"}""")).ShouldBe(404, "unknown_event");
        (await client.SendAsync("POST", "/v1/events/test/one/void", $$"""{"tenant":"{{other}}","reason":"x"}""")).ShouldBe(404, "unknown_event");
        (await client.SendAsync("POST", "/v1/events/test/one/void", """{"tenant":"nobody-here","reason":"x"}""")).ShouldBe(404, "unknown_tenant");
        (await BalanceAsync(client, $"/v1/tenants/{key}")).ShouldBe("90.000000000");
    }

    private async Task<(HttpClient Client, string Key)> UsedAsync()
    {
        var (client, key) = (host.Client(), await host.NewTenantAsync());
        (await client.SendAsync("PUT", "/v1/meters/characters", """{"event_type":"text.sent","product":"text","aggregation":"sum","quantities":[{"property":"characters"}]}"""))
            .Status.ShouldBeInRange(200, 201);
        (await client.SendAsync("PUT", "/v1/rate-cards/default", """{"name":"Default"}""")).Status.ShouldBeInRange(200, 201);
        await client.SendAsync("POST", "/v1/rate-cards/default/versions",
            """{"effective_at":"2026-01-01T00:00:00Z","rates":[{"meter":"characters","match":{},"unit":"CREDIT","price":{"model":"per_unit","amount":"1"}}]}""");
        (await client.SendAsync("POST", $"/v1/tenants/{key}/grants", """{"credits":"100","source":"promotion"}""")).ShouldBe(201);
        var time = InstantText.Format(DateTimeOffset.UtcNow.AddMinutes(-1));
        (await client.SendAsync("POST", "/v1/events",
            $$$"""{"specversion":"1.0","type":"text.sent","source":"test","id":"one","subject":"{{{key}}}","time":"{{{time}}}","data":{"characters":10}}""")).ShouldBe(200);
        return (client, key);
    }

    private static async Task<string> BalanceAsync(HttpClient client, string path) =>
        (await client.SendAsync("GET", path + "/balance")).ShouldBe(200).Json.GetProperty("total").GetProperty("balance").GetString()!;
}
