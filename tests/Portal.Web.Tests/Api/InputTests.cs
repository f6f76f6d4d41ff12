using System.Text.Json;
using Portal.Domain.Tenants;

namespace Portal.Web.Tests.Api;

/// <summary>What bad input gets: a problem document each, and nothing changed.</summary>
public sealed class InputTests(ApiHost host) : IClassFixture<ApiHost>
{
    [Theory]
    [InlineData("{", "malformed_json")]
    [InlineData("", "malformed_json")]
    [InlineData("[]", "invalid_field")]
    [InlineData("null", "invalid_field")]
    [InlineData("\"text\"", "invalid_field")]
    [InlineData("""{"name":"a"} trailing""", "malformed_json")]
    [InlineData("""{"name":"a","name":"b"}""", "malformed_json")]
    [InlineData("{}", "missing_field", "name")]
    [InlineData("""{"name":null}""", "missing_field", "name")]
    [InlineData("""{"name":5}""", "invalid_field", "name")]
    [InlineData("""{"name":"a","colour":"red"}""", "unknown_field", "colour")]
    [InlineData("""{"name":"a","Currency":"USD"}""", "unknown_field", "Currency")]
    [InlineData("""{"name":"a\u0000b"}""", "invalid_characters", "name")]
    [InlineData("""{"name":"\ud800"}""", "malformed_json")]
    [InlineData("""{"name":""}""", "invalid_name", "name")]
    [InlineData("""{"name":"   "}""", "invalid_name", "name")]
    [InlineData("""{"name":"a","currency":"XXX"}""", "unknown_currency", "currency")]
    [InlineData("""{"name":"a","currency":"usd"}""", "unknown_currency", "currency")]
    [InlineData("""{"name":"a","time_zone":"Mars/Olympus"}""", "unknown_time_zone", "time_zone")]
    [InlineData("""{"name":"a","keep":"all"}""", "invalid_field", "keep")]
    [InlineData("""{"name":"a","keep":[null]}""", "missing_field", "keep[0]")]
    [InlineData("""{"name":"a","keep":["a",7]}""", "invalid_field", "keep[1]")]
    public async Task A_body_that_is_wrong_says_what_and_where(string body, string code, string? field = null)
    {
        var key = "w" + Guid.NewGuid().ToString("N")[..10];
        var reply = (await host.Client().SendAsync("PUT", $"/v1/tenants/{key}", body)).ShouldBe(400, code);
        if (field is not null) reply.Json.GetProperty("errors").GetProperty(field).GetArrayLength().ShouldBe(1);
        (await host.Client().SendAsync("GET", $"/v1/tenants/{key}")).ShouldBe(404, "unknown_tenant");
    }

    [Fact]
    public async Task Everything_wrong_is_told_at_once()
    {
        var reply = await host.Client().SendAsync("PUT", "/v1/tenants/several", """{"currency":7,"colour":"red","size":1}""");
        reply.ShouldBe(400, "unknown_field").Json.GetProperty("errors").EnumerateObject().Select(error => error.Name).ShouldBe(["colour", "size", "name"]);
    }

    [Fact]
    public async Task Bytes_that_are_no_text_are_malformed()
    {
        using var content = new ByteArrayContent([.. "{\"name\":\""u8, 0xff, 0xfe, .. "\"}"u8]);
        content.Headers.ContentType = new("application/json");
        using var response = await host.Client().PutAsync(new Uri("/v1/tenants/bytes", UriKind.Relative), content);
        ((int)response.StatusCode).ShouldBe(400);
        JsonElement.Parse(await response.Content.ReadAsStringAsync()).GetProperty("code").GetString().ShouldBe("malformed_json");
    }

    [Fact]
    public async Task A_body_too_large_is_413_and_another_type_415()
    {
        var large = $$"""{"name":"{{new string('a', 1024 * 1024)}}"}""";
        (await host.Client().SendAsync("PUT", "/v1/tenants/large", large)).ShouldBe(413, "body_too_large");
        (await host.Client().SendAsync("PUT", "/v1/tenants/typed", """{"name":"a"}""", contentType: "text/plain")).ShouldBe(415, "unsupported_media_type");
    }

    [Fact]
    public async Task An_address_or_method_that_is_none_gets_a_problem_document_too()
    {
        (await host.Client().SendAsync("GET", "/v1/nothing")).ShouldBe(404, "not_found");
        (await host.Client(key: null).SendAsync("GET", "/v1")).ShouldBe(404, "not_found");
        (await host.Client().SendAsync("POST", "/v1/nothing", "{}")).ShouldBe(404, "not_found");
        (await host.Client().SendAsync("DELETE", "/v1/tenants")).ShouldBe(405, "method_not_allowed");
        (await host.Client().SendAsync("GET", "/v1/tenants/acme/suspend")).ShouldBe(405, "method_not_allowed");
    }

    [Theory]
    [InlineData("limit=0", "invalid_limit")]
    [InlineData("limit=501", "invalid_limit")]
    [InlineData("limit=-1", "invalid_limit")]
    [InlineData("limit=ten", "invalid_limit")]
    [InlineData("cursor=%00", "invalid_cursor")]
    [InlineData("cursor=!", "invalid_cursor")]
    public async Task A_page_that_cannot_be_is_refused(string query, string code) =>
        (await host.Client().SendAsync("GET", "/v1/tenants?" + query)).ShouldBe(400, code);

    [Theory]
    [InlineData("UPPER")]
    [InlineData("-lead")]
    [InlineData("with_underscore")]
    [InlineData("a%0A")]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    public async Task A_tenants_key_is_a_slug(string key) =>
        (await host.Client().SendAsync("PUT", $"/v1/tenants/{key}", """{"name":"a"}""")).ShouldBe(400, "invalid_key");

    [Theory]
    [InlineData("""{"key":"Team A","name":"a"}""", "invalid_key")]
    [InlineData("""{"key":"a","name":""}""", "invalid_name")]
    [InlineData("""{"key":"a","name":"a","kind":"other"}""", "invalid_kind")]
    [InlineData("""{"key":"a","name":"a","overflow":"team"}""", "invalid_overflow")]
    [InlineData("""{"name":"a"}""", "missing_field")]
    public async Task A_pool_that_cannot_be_is_refused(string body, string code)
    {
        var tenant = await host.NewTenantAsync();
        (await host.Client().SendAsync("POST", $"/v1/tenants/{tenant}/pools", body)).ShouldBe(400, code);
        (await host.Client().SendAsync("GET", $"/v1/tenants/{tenant}/pools")).Json.GetProperty("items").GetArrayLength().ShouldBe(1);
    }

    [Theory]
    [InlineData("""{"credits":"NaN","source":"promotion"}""", "invalid_number")]
    [InlineData("""{"credits":"Infinity","source":"promotion"}""", "invalid_number")]
    [InlineData("""{"credits":"1e400","source":"promotion"}""", "invalid_number")]
    [InlineData("""{"credits":" 1","source":"promotion"}""", "invalid_number")]
    [InlineData("""{"credits":"1,000","source":"promotion"}""", "invalid_number")]
    [InlineData("""{"credits":true,"source":"promotion"}""", "invalid_number")]
    [InlineData("""{"credits":"-5","source":"promotion"}""", "invalid_credits")]
    [InlineData("""{"credits":"0","source":"promotion"}""", "invalid_credits")]
    [InlineData("""{"credits":"0.0000000001","source":"promotion"}""", "invalid_credits")]
    [InlineData("""{"credits":"99999999999999999999","source":"promotion"}""", "invalid_credits")]
    [InlineData("""{"credits":"1","source":"gift"}""", "invalid_source")]
    [InlineData("""{"credits":"1","source":"promotion","value":"5"}""", "value_not_allowed")]
    [InlineData("""{"credits":"1","source":"purchase","value":"5","cost_basis":"1"}""", "invalid_value")]
    [InlineData("""{"credits":"1","source":"purchase","value":"-5"}""", "invalid_value")]
    [InlineData("""{"credits":"1","source":"purchase","value":"5","currency":"EUR"}""", "currency_mismatch")]
    [InlineData("""{"credits":"1","source":"promotion","pool":"none"}""", "unknown_pool")]
    [InlineData("""{"credits":"1","source":"promotion","priority":256}""", "invalid_priority")]
    [InlineData("""{"credits":"1","source":"promotion","expires_at":"2020-01-01T00:00:00Z"}""", "invalid_validity")]
    [InlineData("""{"credits":"1","source":"promotion","expires_at":"2099-01-01T00:00:00"}""", "invalid_instant")]
    [InlineData("""{"credits":"1","source":"promotion","expires_at":"tomorrow"}""", "invalid_instant")]
    public async Task A_grant_that_cannot_be_is_refused_and_the_books_are_unchanged(string body, string code)
    {
        var tenant = await host.NewTenantAsync();
        (await host.Client().SendAsync("POST", $"/v1/tenants/{tenant}/grants", body)).ShouldBe(400, code);
        var id = (await host.Client().SendAsync("GET", $"/v1/tenants/{tenant}")).Json.GetProperty("id").GetString()!;
        Tenant.TryParseId(id, out var tenantId).ShouldBeTrue();
        (await host.Database.ScalarAsync($"select count(*) from ledger_transactions where tenant_id = {tenantId}")).ShouldBe(0L);
        (await host.Database.ScalarAsync($"select count(*) from grants where tenant_id = {tenantId}")).ShouldBe(0L);
    }

    [Fact]
    public async Task An_instant_in_another_offset_is_answered_in_utc_and_a_number_as_text()
    {
        var tenant = await host.NewTenantAsync();
        var reply = await host.Client().SendAsync(
            "POST", $"/v1/tenants/{tenant}/grants", """{"credits":12.345,"source":"purchase","cost_basis":"0.01","expires_at":"2099-01-01T02:30:00+02:00"}""");
        var grant = reply.ShouldBe(201).Json;
        grant.GetProperty("credits").GetString().ShouldBe("12.345000000");
        grant.GetProperty("remaining").GetString().ShouldBe("12.345000000");
        grant.GetProperty("value").GetString().ShouldBe("0.123450000");
        grant.GetProperty("value_left").GetString().ShouldBe("0.123450000");
        grant.GetProperty("expires_at").GetString().ShouldBe("2099-01-01T00:30:00Z");
        grant.GetProperty("pool").GetString().ShouldBe("shared");
        grant.GetProperty("priority").GetInt32().ShouldBe(50);
    }

    [Fact]
    public async Task A_failure_inside_tells_no_details()
    {
        await using var broken = await host.BreakAsync();
        var reply = await host.Client().SendAsync("GET", "/v1/audit");
        reply.ShouldBe(500, "internal_error");
        reply.Text.ShouldNotContain("audit");
        reply.Text.ShouldNotContain("Exception");
    }
}
