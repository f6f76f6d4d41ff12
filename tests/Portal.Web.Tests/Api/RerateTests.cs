using Microsoft.Extensions.DependencyInjection;
using Portal.Domain.Metering.Rerating;

namespace Portal.Web.Tests.Api;

/// <summary>Re-rating, previews, operations, comparing versions and dry runs over HTTP.</summary>
public sealed class RerateTests(ApiHost host) : IClassFixture<ApiHost>
{
    private readonly string unique = Guid.NewGuid().ToString("N")[..10];

    private HttpClient Client => host.Client();

    [Fact]
    public async Task A_period_is_previewed_rated_again_and_told_by_tenant()
    {
        var (tenant, card, second) = await PricedUsageAsync();
        var period = Period();

        var preview = (await Client.SendAsync("POST", "/v1/rerates", $$"""{"rate_card":"{{card}}","version":{{second}},{{period}},"tenants":["{{tenant}}"],"preview":true}""")).ShouldBe(202);
        var place = preview.Headers.Location!.ToString();
        place.ShouldBe($"/v1/operations/{preview.Json.GetProperty("id").GetString()}");
        preview.Json.GetProperty("state").GetString().ShouldBe("queued");
        await RunAsync();
        var seen = (await Client.SendAsync("GET", place)).ShouldBe(200).Json;
        (seen.GetProperty("state").GetString(), seen.GetProperty("kind").GetString()).ShouldBe(("succeeded", "rerate_preview"));
        (seen.GetProperty("progress").GetProperty("done").GetInt64(), seen.GetProperty("progress").GetProperty("total").GetInt64()).ShouldBe((1L, 1L));
        seen.GetProperty("result").GetProperty("pay_less").GetInt32().ShouldBe(1);
        (await CreditsAsync(tenant)).ShouldBe("4.000000000");

        var body = $$"""{"rate_card":"{{card}}","version":{{second}},{{period}},"tenants":["{{tenant}}"]}""";
        var first = (await Client.SendAsync("POST", "/v1/rerates", body, idempotencyKey: unique)).ShouldBe(202);
        (await Client.SendAsync("POST", "/v1/rerates", body, idempotencyKey: unique)).ShouldBe(202).Text.ShouldBe(first.Text);
        await RunAsync();
        (await CreditsAsync(tenant)).ShouldBe("2.000000000"); // 4,000 tokens at 0.5 instead of 1
        var tenants = (await Client.SendAsync("GET", $"{first.Headers.Location}/tenants")).ShouldBe(200).Json.GetProperty("items");
        var figures = tenants[0].GetProperty("figures");
        (figures.GetProperty("credits").GetProperty("before").GetString(), figures.GetProperty("credits").GetProperty("after").GetString())
            .ShouldBe(("4.000000000", "2.000000000"));
        figures.GetProperty("margin").GetProperty("after").ValueKind.ShouldBe(System.Text.Json.JsonValueKind.Null); // nobody knows the cost
        (await Client.SendAsync("GET", "/v1/operations?kind=rerate")).ShouldBe(200).Text.ShouldContain(first.Json.GetProperty("id").GetString()!);
    }

    [Fact]
    public async Task What_no_rate_covered_is_rated_once_one_does()
    {
        var (tenant, card, _) = await PricedUsageAsync();
        var at = Portal.Domain.Kernel.InstantText.Format(DateTimeOffset.UtcNow.AddMinutes(-1));
        var sent = (await Client.SendAsync("POST", "/v1/events", $$$"""
            {"specversion":"1.0","type":"m{{{unique}}}","source":"test","id":"late","subject":"{{{tenant}}}","time":"{{{at}}}","data":{"model":"b","tokens":3000}}
            """, contentType: "application/cloudevents+json")).ShouldBe(200).Json;
        sent.GetProperty("unrated").GetInt32().ShouldBe(1);
        await PublishAsync(card, "b", "1", "2020-01-01T00:00:00Z");
        await RunAsync();
        var found = (await Client.SendAsync("GET", $"/v1/tenants/{tenant}/events?status=accepted")).ShouldBe(200).Json.GetProperty("items");
        found.EnumerateArray().Single(e => e.GetProperty("id").GetString() == "late").GetProperty("credits").GetString().ShouldBe("3.000000000");
        (await Client.SendAsync("GET", $"/v1/tenants/{tenant}/events?status=unrated")).Json.GetProperty("items").GetArrayLength().ShouldBe(0);
    }

    [Fact]
    public async Task A_version_is_previewed_before_it_is_published()
    {
        var (tenant, card, second) = await PricedUsageAsync();
        var rates = $$"""[{"meter":"m{{unique}}","match":{"model":"a"},"unit":"CREDIT","price":{"model":"per_unit","amount":"3","per":"1000"} }]""";
        var asked = (await Client.SendAsync("POST", $"/v1/rate-cards/{card}/versions/preview", $$"""{"rates":{{rates}},{{Period()}},"tenants":["{{tenant}}"]}""")).ShouldBe(202);
        asked.Json.GetProperty("parameters").GetProperty("rate_count").GetInt32().ShouldBe(1);
        await RunAsync();
        var seen = (await Client.SendAsync("GET", asked.Headers.Location!.ToString())).Json;
        seen.GetProperty("result").GetProperty("by_currency")[0].GetProperty("figures").GetProperty("credits").GetProperty("after").GetString().ShouldBe("12.000000000");
        (await Client.SendAsync("GET", $"/v1/rate-cards/{card}")).Json.GetProperty("versions")[0].GetProperty("version").GetInt32().ShouldBe(second);
    }

    [Fact]
    public async Task Versions_are_compared_and_say_whether_they_are_in_force()
    {
        var (_, card, second) = await PricedUsageAsync();
        await PublishAsync(card, "b", "1", "2090-01-01T00:00:00Z");
        var versions = (await Client.SendAsync("GET", $"/v1/rate-cards/{card}")).ShouldBe(200).Json.GetProperty("versions").EnumerateArray()
            .Select(version => (version.GetProperty("version").GetInt32(), version.GetProperty("state").GetString())).Take(3).ToArray();
        versions.ShouldBe([(second + 1, "scheduled"), (second, "in_force"), (second - 1, "past")]);
        var diff = (await Client.SendAsync("GET", $"/v1/rate-cards/{card}/versions/{second}/diff")).ShouldBe(200).Json;
        var changed = diff.GetProperty("changed")[0];
        (changed.GetProperty("before").GetProperty("price").GetProperty("amount").GetString(), changed.GetProperty("after").GetProperty("price").GetProperty("amount").GetString())
            .ShouldBe(("1.000000000", "0.500000000"));
        var other = (await Client.SendAsync("GET", $"/v1/rate-cards/{card}/versions/{second + 1}/diff?with={second - 1}")).ShouldBe(200).Json;
        (other.GetProperty("added").GetArrayLength(), other.GetProperty("removed").GetArrayLength()).ShouldBe((1, 1));
        (await Client.SendAsync("GET", $"/v1/rate-cards/{card}/versions/{second}/diff?with=999")).ShouldBe(404, "unknown_version");
        (await Client.SendAsync("GET", $"/v1/rate-cards/{card}/versions/999/diff")).ShouldBe(404, "unknown_version");
        (await Client.SendAsync("GET", $"/v1/rate-cards/{card}/versions/{second}/diff?with=x")).ShouldBe(400, "invalid_version");
        (await Client.SendAsync("GET", "/v1/rate-cards/none/versions/2/diff")).ShouldBe(404, "unknown_rate_card");
    }

    [Fact]
    public async Task An_import_is_tried_without_publishing()
    {
        await MeterAsync();
        var card = "c" + unique;
        (await Client.SendAsync("PUT", $"/v1/cost-cards/{card}", """{"name":"Vendors"}""")).ShouldBe(201);
        var map = """{"gpt-x":{"input_cost_per_token":2.5e-06,"litellm_provider":"openai"},"painter":{"litellm_provider":"openai","output_cost_per_image":0.04}}""";
        var path = $"/v1/cost-cards/{card}/import?meter=m{unique}";
        var tried = (await Client.SendAsync("POST", path + "&dry_run=true", map)).ShouldBe(200).Json;
        (tried.GetProperty("dry_run").GetBoolean(), tried.GetProperty("published").GetBoolean(), tried.GetProperty("added")[0].GetString()).ShouldBe((true, false, "gpt-x"));
        var skipped = tried.GetProperty("skipped_models")[0];
        (skipped.GetProperty("model").GetString(), skipped.GetProperty("reason").GetString(), skipped.GetProperty("priced_by")[0].GetString())
            .ShouldBe(("painter", "not_priced_per_token", "output_cost_per_image"));
        (await Client.SendAsync("GET", $"/v1/cost-cards/{card}")).Json.GetProperty("versions").GetArrayLength().ShouldBe(0);
        (await Client.SendAsync("POST", path + "&dry_run=maybe", map)).ShouldBe(400, "invalid_dry_run");
        (await Client.SendAsync("POST", path, map)).ShouldBe(200).Json.GetProperty("published").GetBoolean().ShouldBeTrue();
        (await Client.SendAsync("POST", path + "&dry_run=true", "{\n\"a\": 7}")).ShouldBe(422, "not_a_price_map").Json.GetProperty("line").GetInt64().ShouldBe(2);
    }

    [Fact]
    public async Task What_cannot_be_is_refused()
    {
        var (tenant, card, second) = await PricedUsageAsync();
        async Task Refused(string body, int status, string code) => (await Client.SendAsync("POST", "/v1/rerates", body)).ShouldBe(status, code);
        await Refused($$"""{"rate_card":"{{card}}","version":999,{{Period()}}}""", 404, "unknown_version");
        await Refused($$"""{"rate_card":"none","version":1,{{Period()}}}""", 404, "unknown_rate_card");
        await Refused($$"""{"rate_card":"{{card}}","version":1,"from":"2026-03-02T00:00:00Z","to":"2026-03-01T00:00:00Z"}""", 400, "invalid_period");
        await Refused($$"""{"rate_card":"{{card}}","version":1,"from":"2026-03-02","to":"2026-03-03T00:00:00Z"}""", 400, "invalid_instant");
        await Refused($$"""{"rate_card":"{{card}}","version":1,{{Period()}},"tenants":["{{tenant}}","nobody"]}""", 404, "unknown_tenant");
        await Refused($$"""{"rate_card":"{{card}}","version":1,{{Period()}},"tenants":[]}""", 400, "invalid_tenants");
        await Refused($$"""{"rate_card":"{{card}}","version":1,{{Period()}},"dry":true}""", 400, "unknown_field");
        var preview = $"/v1/rate-cards/{card}/versions/preview";
        var overlap = $$"""{"meter":"m{{unique}}","unit":"CREDIT","price":{"model":"per_unit","amount":"3"} }""";
        (await Client.SendAsync("POST", preview, $$"""{"rates":[{{overlap}},{{overlap}}],{{Period()}}}""")).ShouldBe(422, "rate_overlap")
            .Json.GetProperty("errors").TryGetProperty("rates[1].match", out _).ShouldBeTrue();
        (await Client.SendAsync("POST", preview, $$"""{"rates":[],{{Period()}}}""")).ShouldBe(422, "required");
        (await Client.SendAsync("POST", preview, $$"""{"rates":[{"meter":"m{{unique}}","match":{"colour":"red"},"unit":"CREDIT","price":{"model":"per_unit","amount":"3"} }],{{Period()}}}"""))
            .ShouldBe(422, "unknown_dimension");
        var tiers = $$"""{"meter":"m{{unique}}","unit":"CREDIT","price":{"model":"graduated","tiers":[{"up_to":"10","unit_amount":"1"},{"up_to":"5","unit_amount":"2"},{"unit_amount":"3"}]} }""";
        (await Client.SendAsync("POST", preview, $$"""{"rates":[{{tiers}}],{{Period()}}}""")).ShouldBe(422, "tiers_out_of_order")
            .Json.GetProperty("errors").TryGetProperty("rates[0].price.tiers[1].up_to", out _).ShouldBeTrue();
        (await Client.SendAsync("POST", preview, "{\"rates\":[{]}")).ShouldBe(400, "malformed_json");
        (await Client.SendAsync("POST", "/v1/rate-cards/none/versions/preview", $$"""{"rates":[],{{Period()}}}""")).ShouldBe(404, "unknown_rate_card");
        (await host.Database.ScalarAsync("select count(*) from operations where kind <> 'late_rating' and parameters ->> 'card' = 'none'")).ShouldBe(0L);
        (await Client.SendAsync("GET", "/v1/operations/op_x")).ShouldBe(404, "unknown_operation");
        (await Client.SendAsync("GET", $"/v1/operations/op_{Guid.NewGuid():N}/tenants")).ShouldBe(404, "unknown_operation");
        (await Client.SendAsync("GET", "/v1/operations?kind=x")).ShouldBe(400, "invalid_kind");
    }

    private static string Period() =>
        $"\"from\":\"{DateTimeOffset.UtcNow.AddHours(-2):yyyy-MM-dd'T'HH:mm:ss'Z'}\",\"to\":\"{DateTimeOffset.UtcNow.AddHours(1):yyyy-MM-dd'T'HH:mm:ss'Z'}\"";

    private async Task RunAsync() => await host.Services.GetRequiredService<OperationRuns>().RunDueAsync();

    private async Task<string?> CreditsAsync(string tenant) =>
        (await Client.SendAsync("GET", $"/v1/tenants/{tenant}/usage?from={DateTimeOffset.UtcNow.AddDays(-1):yyyy-MM-dd}T00:00:00Z&to={DateTimeOffset.UtcNow.AddDays(1):yyyy-MM-dd}T00:00:00Z&group_by=product"))
            .ShouldBe(200).Json.GetProperty("totals").GetProperty("credits").GetString();

    private async Task MeterAsync() => (await Client.SendAsync("PUT", $"/v1/meters/m{unique}", $$"""
        {"event_type":"m{{unique}}","product":"p{{unique}}","aggregation":"sum","dimensions":["model"],"quantities":[{"property":"tokens","set":{"token_type":"input"} }]}
        """)).Status.ShouldBeOneOf(200, 201);

    private async Task<int> PublishAsync(string card, string model, string amount, string from) => (await Client.SendAsync("POST", $"/v1/rate-cards/{card}/versions", $$"""
        {"effective_at":"{{from}}","rates":[{"meter":"m{{unique}}","match":{"model":"{{model}}"},"unit":"CREDIT","price":{"model":"per_unit","amount":"{{amount}}","per":"1000"} }]}
        """)).ShouldBe(201).Json.GetProperty("version").GetInt32();

    /// <summary>A tenant that used 4,000 tokens at a credit per thousand, and a second version at half of it.</summary>
    private async Task<(string Tenant, string Card, int Second)> PricedUsageAsync()
    {
        const string card = "default"; // the card that rates
        await MeterAsync();
        (await Client.SendAsync("PUT", $"/v1/rate-cards/{card}", """{"name":"Default"}""")).Status.ShouldBeOneOf(200, 201);
        var tenant = await host.NewTenantAsync();
        await PublishAsync(card, "a", "1", "2020-01-01T00:00:00Z");
        var at = Portal.Domain.Kernel.InstantText.Format(DateTimeOffset.UtcNow.AddMinutes(-1));
        (await Client.SendAsync("POST", "/v1/events", $$$"""
            {"specversion":"1.0","type":"m{{{unique}}}","source":"test","id":"a","subject":"{{{tenant}}}","time":"{{{at}}}","data":{"model":"a","tokens":4000}}
            """, contentType: "application/cloudevents+json")).ShouldBe(200).Json.GetProperty("accepted").GetInt32().ShouldBe(1);
        return (tenant, card, await PublishAsync(card, "a", "0.5", "2020-01-01T00:00:00Z"));
    }
}
