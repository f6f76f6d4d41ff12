using System.Globalization;
using System.Text.Json;

namespace Portal.Web.Tests.Api;

/// <summary>Reports by book date and the lock of a month, over HTTP.</summary>
public sealed class FinanceTests(ApiHost host) : IClassFixture<ApiHost>
{
    private async Task<string[][]> CsvAsync(string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Accept.ParseAdd("text/csv");
        using var response = await host.Client().SendAsync(request);
        response.Content.Headers.ContentType!.MediaType.ShouldBe("text/csv");
        return [.. (await response.Content.ReadAsStringAsync()).TrimStart('\ufeff').Split("\r\n", StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(','))];
    }

    private static decimal Number(string text) => decimal.Parse(text, CultureInfo.InvariantCulture);

    [Fact]
    public async Task The_journal_sums_to_the_trial_balance()
    {
        var tenant = await host.NewTenantAsync();
        (await host.Client().SendAsync("POST", $"/v1/tenants/{tenant}/grants", """{"credits":"100","source":"purchase","value":"10.00"}""")).Status.ShouldBe(201);
        var journal = (await CsvAsync("/v1/reports/journal")).Skip(1).ToList();
        journal.Where(line => line[7] == tenant).Select(line => (line[3], line[4], line[5], line[6])).Order().ShouldBe(
        [
            ("deferred:credits", "0", "10.000000000", "USD"), ("external:api", "10.000000000", "0", "USD"), ("issued", "0", "100.000000000", "CREDIT"), ("pool:shared", "100.000000000", "0", "CREDIT"),
        ]);
        var sums = journal.GroupBy(line => (Account: line[3], Unit: line[6])).Select(one => (one.Key.Account, one.Key.Unit, Sum: one.Sum(line => Number(line[4]) - Number(line[5])))).Where(one => one.Sum != 0m);
        var balance = (await CsvAsync("/v1/reports/trial-balance")).Skip(1).Select(line => (line[1], line[4], Sum: Number(line[2]) - Number(line[3])));
        sums.Order().ShouldBe(balance.Order());
    }

    [Theory]
    [InlineData("trial-balance", "accounts")]
    [InlineData("revenue", "recognised")]
    [InlineData("deferred", "ages")]
    [InlineData("receivable", "tenants")]
    [InlineData("late-and-corrected", "rows")]
    public async Task Each_report_is_json_and_csv(string report, string list)
    {
        (await host.Client().SendAsync("GET", "/v1/reports/" + report)).ShouldBe(200).Json.GetProperty(list).ValueKind.ShouldBe(JsonValueKind.Array);
        (await CsvAsync("/v1/reports/" + report))[0].Length.ShouldBeGreaterThan(3);
    }

    [Theory]
    [InlineData("GET", "reports/trial-balance?date=31.3.2026", "invalid_date")]
    [InlineData("GET", "reports/revenue?from=2026", "invalid_month")]
    [InlineData("GET", "reports/revenue?from=2026-05&to=2026-04", "invalid_period")]
    [InlineData("GET", "reports/revenue?from=1990-01&to=2026-04", "invalid_period")]
    [InlineData("GET", "reports/late-and-corrected?month=2026-13", "invalid_month")]
    [InlineData("GET", "reports/journal?month=may", "invalid_month")]
    [InlineData("POST", "months/soon/lock", "invalid_month")]
    public async Task What_makes_no_sense_is_refused(string method, string path, string code) => (await host.Client().SendAsync(method, "/v1/" + path)).ShouldBe(400, code);

    [Fact]
    public async Task A_month_that_is_not_over_is_not_locked()
    {
        var month = DateTimeOffset.UtcNow.AddMonths(2).ToString("yyyy-MM", CultureInfo.InvariantCulture);
        (await host.Client().SendAsync("POST", $"/v1/months/{month}/lock")).ShouldBe(409, "month_not_over");
        (await host.Client().SendAsync("GET", "/v1/months")).ShouldBe(200).Json.GetProperty("locked").GetArrayLength().ShouldBe(0);
    }
}
