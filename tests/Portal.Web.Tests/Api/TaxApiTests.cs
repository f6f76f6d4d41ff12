namespace Portal.Web.Tests.Api;

public sealed class TaxApiTests(ApiHost host) : IClassFixture<ApiHost>
{
    [Fact]
    public async Task A_profile_is_put_checked_and_read()
    {
        var client = host.Client();
        (await client.SendAsync("PUT", "/v1/tenants/taxed", """{"name":"Taxed","currency":"EUR"}""")).ShouldBe(201);
        (await client.SendAsync("GET", "/v1/tenants/taxed/tax-profile")).ShouldBe(200).Json.GetProperty("country").ValueKind.ShouldBe(System.Text.Json.JsonValueKind.Null);

        var put = (await client.SendAsync("PUT", "/v1/tenants/taxed/tax-profile", """{"country":"DE","vat_id":"de 123 456 789","emails":["a@b.example"]}""")).ShouldBe(200).Json;
        put.GetProperty("vat_id").GetString().ShouldBe("DE123456789");
        put.GetProperty("vat_valid").GetBoolean().ShouldBeTrue(); // the sandbox's register
        put.GetProperty("vat_checked_at").GetString().ShouldNotBeNull();
        (await client.SendAsync("GET", "/v1/tenants/taxed/tax-profile")).ShouldBe(200).Json.GetProperty("emails")[0].GetString().ShouldBe("a@b.example");
    }

    [Theory]
    [InlineData("""{"country":"Germany"}""", 400, "invalid_country")]
    [InlineData("""{"country":"DE","vat_id":"DE12"}""", 400, "invalid_vat_id")]
    [InlineData("""{"vat_id":"DE123456789"}""", 400, "missing_country")]
    [InlineData("""{"country":"DE","emails":["nobody"]}""", 400, "invalid_email")]
    [InlineData("""{"country":"DE","iban":"DE1"}""", 400, "unknown_field")]
    public async Task A_profile_that_cannot_be_is_refused(string body, int status, string code)
    {
        var client = host.Client();
        await client.SendAsync("PUT", "/v1/tenants/untaxed", """{"name":"Untaxed","currency":"EUR"}""");
        (await client.SendAsync("PUT", "/v1/tenants/untaxed/tax-profile", body)).ShouldBe(status, code);
    }

    [Fact]
    public async Task A_tenants_key_cannot_say_that_it_is_exempt_nor_take_that_away()
    {
        var client = host.Client();
        (await client.SendAsync("PUT", "/v1/tenants/exempted", """{"name":"Exempted","currency":"EUR"}""")).ShouldBe(201);
        var key = (await client.SendAsync("POST", "/v1/tenants/exempted/api-keys", """{"name":"own","scopes":["read","manage"]}""")).ShouldBe(201).Json.GetProperty("key").GetString();
        var own = host.Client(key);
        (await own.SendAsync("PUT", "/v1/tenants/exempted/tax-profile", """{"country":"DE","exempt":true}""")).ShouldBe(403, "platform_only");
        (await own.SendAsync("PUT", "/v1/tenants/exempted/tax-profile", """{"country":"DE"}""")).ShouldBe(200);
        (await client.SendAsync("PUT", "/v1/tenants/exempted/tax-profile", """{"country":"DE","exempt":true}""")).ShouldBe(200);
        (await own.SendAsync("PUT", "/v1/tenants/exempted/tax-profile", """{"country":"AT"}""")).ShouldBe(200).Json.GetProperty("exempt").GetBoolean().ShouldBeTrue();
    }

    [Fact]
    public async Task Rates_are_put_listed_and_removed()
    {
        var client = host.Client();
        (await client.SendAsync("PUT", "/v1/tax-rates", """{"rates":[{"country":"NO","valid_from":"2020-01-01","name":"MVA","percent":"25"},{"country":"NO","region":"SVALBARD","valid_from":"2020-01-01","name":"MVA","percent":"0"}]}"""))
            .ShouldBe(200);
        (await client.SendAsync("PUT", "/v1/tax-rates", """{"country":"NO","valid_from":"2020-01-01","name":"MVA","percent":"24"}""")).ShouldBe(200);
        var first = (await client.SendAsync("GET", "/v1/tax-rates?country=NO&limit=1")).ShouldBe(200).Json;
        first.GetProperty("items")[0].GetProperty("percent").GetString().ShouldBe("24.000000000");
        var next = (await client.SendAsync("GET", $"/v1/tax-rates?country=NO&cursor={Uri.EscapeDataString(first.GetProperty("next_cursor").GetString()!)}")).ShouldBe(200).Json;
        next.GetProperty("items").EnumerateArray().ShouldHaveSingleItem().GetProperty("region").GetString().ShouldBe("SVALBARD");
        (await client.SendAsync("DELETE", "/v1/tax-rates?country=NO&valid_from=2020-01-01")).ShouldBe(204);
        (await client.SendAsync("DELETE", "/v1/tax-rates?country=NO&valid_from=2020-01-01")).ShouldBe(404, "unknown_rate");
    }

    [Theory]
    [InlineData("""{"country":"ZZ","valid_from":"2020-01-01","name":"VAT","percent":"1"}""", "invalid_country")]
    [InlineData("""{"country":"DK","valid_from":"2020-01-01","name":"","percent":"1"}""", "invalid_name")]
    [InlineData("""{"country":"DK","valid_from":"2020-01-01","name":"VAT","percent":"100.5"}""", "invalid_rate")]
    [InlineData("""{"country":"DK","valid_from":"2020-01-01","name":"VAT"}""", "missing_field")]
    [InlineData("""{"rates":[]}""", "no_rates")]
    [InlineData("""{"rates":[{"country":"DK","valid_from":"2020-01-01","name":"VAT","percent":"1"},{"country":"DK","valid_from":"2020-01-01","name":"VAT","percent":"2"}]}""", "duplicate_rate")]
    public async Task A_rate_that_cannot_be_is_refused_and_nothing_is_put(string body, string code)
    {
        (await host.Client().SendAsync("PUT", "/v1/tax-rates", body)).ShouldBe(400, code);
        (await host.Client().SendAsync("GET", "/v1/tax-rates?country=DK")).ShouldBe(200).Json.GetProperty("items").GetArrayLength().ShouldBe(0);
    }

    [Fact]
    public async Task One_legal_entity_sells_and_each_has_a_series_of_its_own()
    {
        var client = host.Client();
        (await client.SendAsync("PUT", "/v1/legal-entities/eu", """{"name":"Example Ltd","country":"IE","series":"EU","tax_ids":["IE6388047V"]}""")).ShouldBe(201);
        (await client.SendAsync("PUT", "/v1/legal-entities/us", """{"name":"Example Inc","country":"US","series":"EU"}""")).ShouldBe(409, "series_taken");
        (await client.SendAsync("PUT", "/v1/legal-entities/us", """{"name":"Example Inc","country":"US","series":"US","default":true}""")).ShouldBe(201);
        (await client.SendAsync("PUT", "/v1/legal-entities/us", """{"name":"Example Inc","country":"US","series":"US"}""")).ShouldBe(409, "default_needed");
        var sells = (await client.SendAsync("GET", "/v1/legal-entities")).ShouldBe(200).Json.GetProperty("items").EnumerateArray()
            .Where(entity => entity.GetProperty("default").GetBoolean()).Select(entity => entity.GetProperty("key").GetString());
        sells.ShouldBe(["us"]);
        (await client.SendAsync("PUT", "/v1/legal-entities/default", """{"name":"Portal","country":"US","default":true}""")).ShouldBe(200);
    }

    [Theory]
    [InlineData("bad key", """{"name":"X","country":"IE"}""", "invalid_key")]
    [InlineData("x", """{"name":"","country":"IE"}""", "invalid_name")]
    [InlineData("x", """{"name":"X","country":"Ireland"}""", "invalid_country")]
    [InlineData("x", """{"name":"X","country":"IE","series":"inv 1"}""", "invalid_series")]
    [InlineData("x", """{"name":"X","country":"IE","email":"x"}""", "invalid_email")]
    public async Task A_legal_entity_that_cannot_be_is_refused(string key, string body, string code) =>
        (await host.Client().SendAsync("PUT", "/v1/legal-entities/" + Uri.EscapeDataString(key), body)).ShouldBe(400, code);
}
