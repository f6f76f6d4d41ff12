using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Portal.Database.Tests.Webhooks;
using Portal.Domain.Alerts;
using Portal.Domain.Tenants;
using Portal.Domain.Webhooks;

namespace Portal.Web.Tests.Api;

/// <summary>Outgoing webhooks through the API: what is told is what GET answers.</summary>
public sealed class WebhookEndpointTests(ApiHost host) : IClassFixture<ApiHost>
{
    [Fact]
    public async Task Data_is_what_GET_answers()
    {
        await using var receiver = await Receiver.StartAsync();
        var tenant = await host.NewTenantAsync();
        var client = host.Client();
        (await client.SendAsync("POST", $"/v1/tenants/{tenant}/webhook-endpoints", $$"""{"url":"{{receiver.At("/hooks")}}"}""")).ShouldBe(201);
        var grant = (await client.SendAsync("POST", $"/v1/tenants/{tenant}/grants", """{"credits":"50","source":"promotion"}""")).ShouldBe(201);
        await PlanAsync(client);
        var made = (await client.SendAsync("POST", $"/v1/tenants/{tenant}/subscriptions", """{"plan":"hooked"}""")).ShouldBe(201).Json.GetProperty("id").GetString();
        (await client.SendAsync("PATCH", $"/v1/tenants/{tenant}/subscriptions/{made}", """{"cancel":"period_end"}""")).ShouldBe(200);
        (await client.SendAsync("PUT", $"/v1/tenants/{tenant}/alerts/low", """{"kind":"balance","threshold":"1000","channels":["webhook"]}""")).ShouldBe(201);
        await host.Services.GetRequiredService<AlertWatch>().RunAsync(CancellationToken.None);

        await host.Services.GetRequiredService<WebhookSending>().RunAsync();

        JsonElement[] bodies = [.. receiver.All.Select(message => message.Json)];
        var told = bodies.ToLookup(body => body.GetProperty("type").GetString()!, StringComparer.Ordinal);
        told.Select(type => type.Key).Order().ShouldBe(["alert.fired", "grant.created", "subscription.changed", "subscription.created"]);
        foreach (var body in bodies)
        {
            body.EnumerateObject().Select(member => member.Name).ShouldBe(["id", "type", "created_at", "tenant", "data"]);
            body.GetProperty("tenant").GetString().ShouldBe(tenant);
        }

        var subscription = (await client.SendAsync("GET", $"/v1/tenants/{tenant}/subscriptions/{made}")).Json;
        told["subscription.changed"].ShouldHaveSingleItem().GetProperty("data").GetRawText().ShouldBe(subscription.GetRawText());
        var alert = (await client.SendAsync("GET", $"/v1/tenants/{tenant}/alerts/low")).Json;
        alert.GetProperty("state").GetString().ShouldBe("fired");
        told["alert.fired"].ShouldHaveSingleItem().GetProperty("data").GetRawText().ShouldBe(alert.GetRawText());
        var grants = (await client.SendAsync("GET", $"/v1/tenants/{tenant}/grants")).Json.GetProperty("items").EnumerateArray();
        told["grant.created"].Select(body => body.GetProperty("data").GetRawText()).ShouldContain(grants.First(item => item.GetProperty("id").GetString() == grant.Json.GetProperty("id").GetString()).GetRawText());
    }

    [Fact]
    public async Task The_secret_is_shown_once_and_each_sees_only_its_own()
    {
        var (own, other) = (await host.NewTenantAsync(), await host.NewTenantAsync());
        var client = host.Client(await host.NewKeyAsync(own, Scope.Read, Scope.Manage));
        var path = $"/v1/tenants/{own}/webhook-endpoints";
        var made = (await client.SendAsync("POST", path, """{"url":"https://example.com/hooks","types":["invoice.paid"]}""", "once")).ShouldBe(201).Json;
        made.GetProperty("secret").GetString()!.ShouldStartWith("whsec_");
        (await client.SendAsync("POST", path, """{"url":"https://example.com/hooks","types":["invoice.paid"]}""", "once")).ShouldBe(201).Json.GetProperty("secret").ValueKind.ShouldBe(JsonValueKind.Null);
        var id = made.GetProperty("id").GetString();
        (await client.SendAsync("GET", path)).ShouldBe(200).Json.GetProperty("items")[0].TryGetProperty("secret", out _).ShouldBeFalse();

        // Another's endpoint cannot be named, by the other tenant or as the platform's.
        var stranger = host.Client(await host.NewKeyAsync(other, Scope.Read, Scope.Manage));
        var theirs = $"/v1/tenants/{other}/webhook-endpoints";
        (await stranger.SendAsync("GET", theirs)).ShouldBe(200).Json.GetProperty("items").GetArrayLength().ShouldBe(0);
        foreach (var (from, where) in new[] { (stranger, theirs), (host.Client(), "/v1/webhook-endpoints") })
        {
            (await from.SendAsync("DELETE", $"{where}/{id}")).ShouldBe(404, "unknown_endpoint");
            (await from.SendAsync("GET", $"{where}/{id}/deliveries")).ShouldBe(404, "unknown_endpoint");
            (await from.SendAsync("POST", $"{where}/{id}/enable")).ShouldBe(404, "unknown_endpoint");
            (await from.SendAsync("POST", $"{where}/{id}/test")).ShouldBe(404, "unknown_endpoint");
            (await from.SendAsync("POST", $"{where}/{id}/rotate")).ShouldBe(404, "unknown_endpoint");
            (await from.SendAsync("POST", $"{where}/{id}/replay", """{"from":"2026-01-01T00:00:00Z","to":"2026-01-02T00:00:00Z"}""")).ShouldBe(404, "unknown_endpoint");
        }

        var rotated = (await client.SendAsync("POST", $"{path}/{id}/rotate")).ShouldBe(200).Json.GetProperty("secret").GetString();
        rotated.ShouldNotBe(made.GetProperty("secret").GetString());
        (await client.SendAsync("DELETE", $"{path}/{id}")).ShouldBe(204);
        (await client.SendAsync("DELETE", $"{path}/{id}")).ShouldBe(404, "unknown_endpoint");
    }

    [Fact]
    public async Task An_endpoint_is_tried_with_a_test_message()
    {
        await using var receiver = await Receiver.StartAsync();
        var tenant = await host.NewTenantAsync();
        var client = host.Client(await host.NewKeyAsync(tenant, Scope.Read, Scope.Manage));
        var path = $"/v1/tenants/{tenant}/webhook-endpoints";
        var id = (await client.SendAsync("POST", path, $$"""{"url":"{{receiver.At("/tried")}}","types":["invoice.paid"]}""")).ShouldBe(201).Json.GetProperty("id").GetString();
        var sent = (await client.SendAsync("POST", $"{path}/{id}/test")).ShouldBe(201).Json;
        (sent.GetProperty("type").GetString(), sent.GetProperty("state").GetString()).ShouldBe(("endpoint.test", "pending"));
        (await client.SendAsync("POST", $"{path}/{id}/test")).ShouldBe(409, "test_under_way");

        await host.Services.GetRequiredService<WebhookSending>().RunAsync();

        var body = receiver.On("/tried").ShouldHaveSingleItem().Json;
        (body.GetProperty("id").GetString(), body.GetProperty("tenant").GetString()).ShouldBe((sent.GetProperty("message").GetString(), tenant));
        body.GetProperty("data").GetProperty("endpoint").GetString().ShouldBe(id);
    }

    [Fact]
    public async Task Deliveries_tell_every_try_and_are_replayed()
    {
        await using var receiver = await Receiver.StartAsync();
        receiver.Answers["/hooks"] = 500;
        var tenant = await host.NewTenantAsync();
        var client = host.Client(await host.NewKeyAsync(tenant, Scope.Read, Scope.Manage));
        var path = $"/v1/tenants/{tenant}/webhook-endpoints";
        var id = (await client.SendAsync("POST", path, $$"""{"url":"{{receiver.At("/hooks")}}","types":["grant.created"]}""")).ShouldBe(201).Json.GetProperty("id").GetString();
        (await host.Client().SendAsync("POST", $"/v1/tenants/{tenant}/grants", """{"credits":"50","source":"promotion"}""")).ShouldBe(201);
        await host.Services.GetRequiredService<WebhookSending>().RunAsync();

        var delivery = (await client.SendAsync("GET", $"{path}/{id}/deliveries?state=pending")).ShouldBe(200).Json.GetProperty("items").EnumerateArray().ShouldHaveSingleItem();
        delivery.GetProperty("attempts").GetInt32().ShouldBe(1);
        delivery.GetProperty("log")[0].GetProperty("status").GetInt32().ShouldBe(500);
        delivery.GetProperty("log")[0].GetProperty("response").GetString().ShouldBe("out of order");
        receiver.Answers.Clear();
        (await client.SendAsync("POST", $"{path}/{id}/replay", $$"""{"delivery":"{{delivery.GetProperty("id").GetString()}}"}""")).ShouldBe(200);
        await host.Services.GetRequiredService<WebhookSending>().RunAsync();
        delivery = (await client.SendAsync("GET", $"{path}/{id}/deliveries?state=delivered")).Json.GetProperty("items").EnumerateArray().ShouldHaveSingleItem();
        delivery.GetProperty("log").GetArrayLength().ShouldBe(2);

        (await client.SendAsync("GET", $"{path}/{id}/deliveries?state=odd")).ShouldBe(400, "invalid_state");
        (await client.SendAsync("POST", $"{path}/{id}/replay", "{}")).ShouldBe(400, "delivery_or_span");
        (await client.SendAsync("POST", $"{path}/{id}/replay", """{"delivery":"whd_1_x"}""")).ShouldBe(400, "unknown_delivery");
        (await client.SendAsync("POST", $"{path}/{id}/replay", """{"from":"2026-01-02T00:00:00Z","to":"2026-01-01T00:00:00Z"}""")).ShouldBe(400, "invalid_span");
        (await client.SendAsync("POST", $"{path}/{id}/replay", """{"from":"2026-01-02T00:00:00Z","to":"2026-06-01T00:00:00Z"}""")).ShouldBe(400, "span_too_large");
    }

    [Theory]
    [InlineData("http://example.com/", "url_not_https")]
    [InlineData("ftp://example.com/", "invalid_url")]
    [InlineData("https://user:secret@example.com/", "invalid_url")]
    [InlineData("https://example.com/#part", "invalid_url")]
    [InlineData("https://10.0.0.1/", "url_not_public")]
    [InlineData("https://192.168.1.1/", "url_not_public")]
    [InlineData("https://169.254.169.254/latest/meta-data", "url_not_public")]
    [InlineData("https://[fd00::1]/", "url_not_public")]
    [InlineData("https://[::ffff:10.0.0.1]/", "url_not_public")]
    [InlineData("https://0x0a000001/", "url_not_public")]
    [InlineData("https://intranet/", "url_not_public")]
    [InlineData("https://printer.local/", "url_not_public")]
    [InlineData("", "invalid_url")]
    public async Task An_address_that_cannot_be_is_refused(string url, string code)
    {
        var tenant = await host.NewTenantAsync();
        foreach (var path in new[] { $"/v1/tenants/{tenant}/webhook-endpoints", "/v1/webhook-endpoints" })
            (await host.Client().SendAsync("POST", path, JsonSerializer.Serialize(new { url }))).ShouldBe(400, code);
        (await host.Client().SendAsync("GET", $"/v1/tenants/{tenant}/webhook-endpoints")).Json.GetProperty("items").GetArrayLength().ShouldBe(0);
    }

    [Fact]
    public async Task Unknown_types_duplicates_and_one_too_many_are_refused()
    {
        var tenant = await host.NewTenantAsync();
        var path = $"/v1/tenants/{tenant}/webhook-endpoints";
        (await host.Client().SendAsync("POST", path, """{"url":"https://example.com/","types":["moon.landed"]}""")).ShouldBe(400, "unknown_event_type");
        for (var i = 0; i < WebhookEndpoints.Most; i++) (await host.Client().SendAsync("POST", path, $$"""{"url":"https://example.com/{{i}}"}""")).ShouldBe(201);
        (await host.Client().SendAsync("POST", path, """{"url":"https://example.com/0"}""")).ShouldBe(409, "endpoint_exists");
        (await host.Client().SendAsync("POST", path, """{"url":"https://example.com/more"}""")).ShouldBe(409, "too_many_endpoints");
    }

    [Fact]
    public async Task Alerts_are_set_changed_and_removed_of_the_tenant_and_of_a_pool()
    {
        var tenant = await host.NewTenantAsync();
        var client = host.Client(await host.NewKeyAsync(tenant, Scope.Read, Scope.Manage));
        var path = $"/v1/tenants/{tenant}/alerts/low";
        (await client.SendAsync("PUT", path, """{"kind":"balance","threshold":"100","channels":["mail"]}""")).ShouldBe(201).Json.GetProperty("name").GetString().ShouldBe("low");
        (await client.SendAsync("PUT", path, """{"kind":"balance","threshold":"90","channels":["mail"],"pool":"shared"}""")).ShouldBe(200).Json.GetProperty("threshold").GetString().ShouldBe("90.000000000");
        (await client.SendAsync("GET", $"/v1/tenants/{tenant}/pools/shared/alerts/low")).ShouldBe(200).Json.GetProperty("state").GetString().ShouldBe("armed");
        (await client.SendAsync("GET", $"/v1/tenants/{tenant}/pools/other/alerts/low")).ShouldBe(404, "unknown_alert");
        (await client.SendAsync("PUT", $"/v1/tenants/{tenant}/pools/shared/alerts/fast", """{"kind":"burn_rate","threshold":"5","channels":["in_app"]}""")).ShouldBe(201).Json.GetProperty("pool").GetString().ShouldBe("shared");
        (await client.SendAsync("PUT", $"/v1/tenants/{tenant}/pools/shared/alerts/fast", """{"kind":"burn_rate","threshold":"5","channels":["in_app"],"pool":"x"}""")).ShouldBe(400, "pool_differs");
        (await client.SendAsync("PUT", path, """{"kind":"mood","threshold":"100","channels":["mail"]}""")).ShouldBe(400, "invalid_kind");
        (await client.SendAsync("PUT", path, """{"kind":"balance","threshold":"100"}""")).Status.ShouldBe(400);
        (await client.SendAsync("PUT", path, """{"kind":"balance","threshold":"100","channels":["mail"],"mood":"good"}""")).ShouldBe(400, "unknown_field");
        (await client.SendAsync("GET", $"/v1/tenants/{tenant}/alerts")).Json.GetProperty("items").EnumerateArray().Select(alert => alert.GetProperty("key").GetString()).ShouldBe(["fast", "low"]);
        (await client.SendAsync("DELETE", path)).ShouldBe(204);
        (await client.SendAsync("DELETE", path)).ShouldBe(404, "unknown_alert");
        (await client.SendAsync("GET", path)).ShouldBe(404, "unknown_alert");
    }

    private static async Task PlanAsync(HttpClient client)
    {
        const string plan = """{"name":"Hooked","currency":"USD","period":"month","items":[{"key":"base","type":"flat","amount":"29.00"}]}""";
        (await client.SendAsync("PUT", "/v1/plans/hooked", plan)).Status.ShouldBeInRange(200, 201);
    }
}
