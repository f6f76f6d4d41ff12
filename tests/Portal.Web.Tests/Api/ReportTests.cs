using System.Text.Json;

namespace Portal.Web.Tests.Api;

public sealed class ReportTests(ApiHost host) : IClassFixture<ApiHost>
{
    [Fact]
    public async Task Reports_answer_json_and_csv()
    {
        var client = host.Client();
        (await client.SendAsync("PUT", "/v1/packs/p", """{"name":"P","credits":"100","price":"10.00","currency":"USD"}""")).Status.ShouldBeInRange(200, 201);
        var margin = (await client.SendAsync("GET", "/v1/reports/margin?group_by=tenant,model")).ShouldBe(200).Json;
        margin.GetProperty("currency").GetString().ShouldBe("USD");
        margin.GetProperty("rows").GetArrayLength().ShouldBe(0);
        margin.GetProperty("totals").GetProperty("margin").GetString().ShouldBe("0.000000000");
        (await client.SendAsync("GET", "/v1/reports/margin?group_by=pack")).ShouldBe(200).Json.GetProperty("totals").ValueKind.ShouldBe(JsonValueKind.Null);
        (await client.SendAsync("GET", "/v1/reports/pack-profitability")).ShouldBe(200).Json.GetProperty("packs").ValueKind.ShouldBe(JsonValueKind.Array);

        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/reports/margin?group_by=tenant,model");
        request.Headers.Accept.ParseAdd("text/csv");
        using var response = await client.SendAsync(request);
        response.Content.Headers.ContentType!.MediaType.ShouldBe("text/csv");
        (await response.Content.ReadAsStringAsync()).ShouldBe("tenant,model,events,credits,revenue,cost,margin,margin_share,unknown_costs,currency\r\n");
    }

    [Theory]
    [InlineData("group_by=moon", "invalid_group_by")]
    [InlineData("group_by=model,model", "invalid_group_by")]
    [InlineData("currency=usd", "invalid_currency")]
    [InlineData("from=yesterday", "invalid_instant")]
    [InlineData("from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z", "invalid_period")]
    public async Task A_report_that_makes_no_sense_is_refused(string query, string code) =>
        (await host.Client().SendAsync("GET", "/v1/reports/margin?" + query)).ShouldBe(400, code);
}
