using System.Globalization;
using System.Text.Json;
using Portal.Domain.Tenants;

namespace Portal.Web.Tests.Api;

/// <summary>What bad usage gets over HTTP; the books stay as they are.</summary>
public sealed class UsageInputTests(ApiHost host) : IClassFixture<ApiHost>
{
    private const string One = "application/cloudevents+json", Batch = "application/cloudevents-batch+json";

    private static string Event(string subject, string id = "1", string? time = null, string data = """{"model":"m","tokens":5}""") =>
        $$"""{"specversion":"1.0","type":"test.used","source":"test","id":"{{id}}","subject":"{{subject}}","time":"{{time ?? At(TimeSpan.Zero)}}","data":{{data}}}""";

    private static string At(TimeSpan offset) =>
        (TimeProvider.System.GetUtcNow() + offset).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private async Task<string> MeteredTenantAsync()
    {
        (await host.Client().SendAsync("PUT", "/v1/meters/test", """
            {"event_type":"test.used","product":"test","aggregation":"sum","dimensions":["model"],"quantities":[{"property":"tokens"}]}
            """)).Status.ShouldBeOneOf(200, 201);
        return await host.NewTenantAsync();
    }

    private async Task NothingWasBookedAsync(string tenant)
    {
        foreach (var table in new[] { "events", "event_identities", "ledger_transactions" })
        {
            (await host.Database.ScalarAsync($"select count(*) from {table} x join tenants t using (tenant_id) where t.key = '{tenant}'")).ShouldBe(0L, table);
        }
    }

    [Theory]
    [InlineData("future")]
    [InlineData("old")]
    [InlineData("negative")]
    [InlineData("NaN")]
    public async Task An_event_that_cannot_be_is_422_alone_and_harms_no_neighbour(string kind)
    {
        var tenant = await MeteredTenantAsync();
        var (bad, code) = kind switch
        {
            "future" => (Event(tenant, time: At(TimeSpan.FromMinutes(6))), "event_in_future"),
            "old" => (Event(tenant, time: At(TimeSpan.FromDays(-36))), "event_too_old"),
            "negative" => (Event(tenant, data: """{"model":"m","tokens":-5}"""), "invalid_quantity"),
            _ => (Event(tenant, data: """{"model":"m","tokens":"NaN"}"""), "invalid_quantity"),
        };
        var alone = (await host.Client().SendAsync("POST", "/v1/events", bad, contentType: One)).ShouldBe(422);
        alone.Json.GetProperty("results")[0].GetProperty("code").GetString().ShouldBe(code);
        await NothingWasBookedAsync(tenant);

        var mixed = (await host.Client().SendAsync("POST", "/v1/events", $"[{Event(tenant, "good")},{bad}]", contentType: Batch)).ShouldBe(207);
        mixed.Json.GetProperty("rejected").GetInt32().ShouldBe(1);
        mixed.Json.GetProperty("unrated").GetInt32().ShouldBe(1);
        mixed.Json.GetProperty("results").EnumerateArray().Select(result => result.GetProperty("status").GetString()).ShouldBe(["unrated", "rejected"]);
    }

    [Fact]
    public async Task An_unknown_model_is_kept_unrated_and_a_repeat_is_a_duplicate_or_a_conflict()
    {
        var tenant = await MeteredTenantAsync();
        var body = Event(tenant);
        (await host.Client().SendAsync("POST", "/v1/events", body, contentType: One)).ShouldBe(200).Json.GetProperty("unrated").GetInt32().ShouldBe(1);
        (await host.Client().SendAsync("POST", "/v1/events", body, contentType: One)).ShouldBe(200).Json.GetProperty("duplicate").GetInt32().ShouldBe(1);
        var other = Event(tenant, data: """{"model":"m","tokens":6}""");
        (await host.Client().SendAsync("POST", "/v1/events", other, contentType: One)).ShouldBe(409).Json.GetProperty("conflict").GetInt32().ShouldBe(1);
    }

    [Fact]
    public async Task An_unknown_tenant_and_another_ones_are_told_in_the_same_words()
    {
        var (own, other) = (await MeteredTenantAsync(), await host.NewTenantAsync());
        await host.Database.ScalarAsync("update platform set tenant_keys_write_usage = true");
        var client = host.Client(await host.NewKeyAsync(own, Scope.UsageWrite));
        var answers = new List<string>();
        foreach (var tenant in new[] { "no-such-tenant", other })
        {
            var reply = (await client.SendAsync("POST", "/v1/events", Event(tenant), contentType: One)).ShouldBe(422);
            reply.Json.GetProperty("results")[0].GetProperty("code").GetString().ShouldBe("unknown_tenant");
            answers.Add(reply.Text.Replace(tenant, "X", StringComparison.Ordinal));
        }

        answers[0].ShouldBe(answers[1]);
        await NothingWasBookedAsync(other);
        (await client.SendAsync("POST", "/v1/events", Event(own), contentType: One)).ShouldBe(200);
    }

    [Theory]
    [InlineData("{", "malformed_json")]
    [InlineData("", "malformed_json")]
    [InlineData("[]", "empty_batch")]
    public async Task A_body_that_is_no_usage_is_400(string body, string code) =>
        (await host.Client().SendAsync("POST", "/v1/events", body, contentType: Batch)).ShouldBe(400, code);

    [Fact]
    public async Task Eight_mebibytes_and_more_are_413_and_another_type_415()
    {
        var tenant = await MeteredTenantAsync();
        var large = Event(tenant, data: JsonSerializer.Serialize(new { model = new string('a', 8 * 1024 * 1024) }));
        (await host.Client().SendAsync("POST", "/v1/events", large, contentType: One)).ShouldBe(413, "body_too_large");
        (await host.Client().SendAsync("POST", "/v1/events", Event(tenant), contentType: "text/plain")).ShouldBe(415, "unsupported_media_type");
        await NothingWasBookedAsync(tenant);
    }
}
