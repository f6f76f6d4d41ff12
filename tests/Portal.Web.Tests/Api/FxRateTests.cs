namespace Portal.Web.Tests.Api;

public sealed class FxRateTests(ApiHost host) : IClassFixture<ApiHost>
{
    [Fact]
    public async Task A_rate_is_put_replaced_and_listed()
    {
        var client = host.Client();
        (await client.SendAsync("PUT", "/v1/fx-rates", """{"base":"SEK","quote":"NOK","date":"2026-03-01","rate":"1.02"}""")).ShouldBe(200);
        (await client.SendAsync("PUT", "/v1/fx-rates", """{"rates":[{"base":"SEK","quote":"NOK","date":"2026-03-01","rate":"1.03"},{"base":"SEK","quote":"NOK","date":"2026-03-02","rate":"1.04"}]}""")).ShouldBe(200);

        var first = (await client.SendAsync("GET", "/v1/fx-rates?base=SEK&limit=1")).ShouldBe(200).Json;
        var item = first.GetProperty("items").EnumerateArray().ShouldHaveSingleItem();
        item.GetProperty("rate").GetString().ShouldBe("1.030000000");
        item.GetProperty("date").GetString().ShouldBe("2026-03-01");
        var next = (await client.SendAsync("GET", $"/v1/fx-rates?base=SEK&limit=1&cursor={first.GetProperty("next_cursor").GetString()}")).ShouldBe(200).Json;
        next.GetProperty("items")[0].GetProperty("date").GetString().ShouldBe("2026-03-02");
        (await client.SendAsync("GET", "/v1/fx-rates?base=SEK&from=2026-03-02")).ShouldBe(200).Json.GetProperty("items").GetArrayLength().ShouldBe(1);
    }

    [Theory]
    [InlineData("""{"base":"CHF","quote":"EUR","date":"2026-03-01"}""", "missing_field")]
    [InlineData("""{"quote":"EUR","date":"2026-03-01","rate":"1"}""", "missing_field")]
    [InlineData("""{"base":"CHF","quote":"EUR","date":"2026-03-01","rate":"0"}""", "invalid_rate")]
    [InlineData("""{"base":"CHF","quote":"EUR","date":"2026-03-01","rate":"-1"}""", "invalid_rate")]
    [InlineData("""{"base":"CHF","quote":"EUR","date":"2026-03-01","rate":"0.0000000001"}""", "invalid_rate")]
    [InlineData("""{"base":"CHF","quote":"CHF","date":"2026-03-01","rate":"1"}""", "same_currency")]
    [InlineData("""{"base":"XXY","quote":"EUR","date":"2026-03-01","rate":"1"}""", "invalid_currency")]
    [InlineData("""{"base":"CHF","quote":"EUR","date":"2026-02-30","rate":"1"}""", "invalid_field")]
    [InlineData("""{"rates":[]}""", "no_rates")]
    [InlineData("""{"rates":[{"base":"CHF","quote":"EUR","date":"2026-03-01","rate":"1"},{"base":"CHF","quote":"EUR","date":"2026-03-01","rate":"2"}]}""", "duplicate_rate")]
    [InlineData("""{"base":"CHF","quote":"EUR","date":"2026-03-01","rate":"1","source":"me"}""", "unknown_field")]
    public async Task A_rate_that_cannot_be_is_refused_and_nothing_is_put(string body, string code)
    {
        (await host.Client().SendAsync("PUT", "/v1/fx-rates", body)).ShouldBe(400, code);
        (await host.Client().SendAsync("GET", "/v1/fx-rates?base=CHF")).ShouldBe(200).Json.GetProperty("items").GetArrayLength().ShouldBe(0);
    }

    [Theory]
    [InlineData("cursor=x", "invalid_cursor")]
    [InlineData("limit=0", "invalid_limit")]
    [InlineData("from=yesterday", "invalid_date")]
    public async Task A_list_that_cannot_be_asked_for_is_refused(string query, string code) =>
        (await host.Client().SendAsync("GET", "/v1/fx-rates?" + query)).ShouldBe(400, code);
}
