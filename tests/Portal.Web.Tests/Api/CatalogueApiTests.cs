using System.Globalization;
using Portal.Domain.Tenants;

namespace Portal.Web.Tests.Api;

/// <summary>Meters, products, packs, rate and cost cards over HTTP.</summary>
public sealed class CatalogueApiTests(ApiHost host) : IClassFixture<ApiHost>
{
    private const string Pack =
        """{"name":"Starter","credits":"1000","price":"10.00","currency":"USD","bonus_credits":"0","expires_after":"P1Y","priority":50,"products":null,"tax":"exclusive","active":true}""";

    private readonly string unique = Guid.NewGuid().ToString("N")[..10]; // the tests share one catalogue

    private HttpClient Client => host.Client();

    [Fact]
    public async Task A_meter_is_put_replaced_read_and_listed()
    {
        var meter = await PutMeterAsync();
        var replaced = (await Client.SendAsync("PUT", $"/v1/meters/{meter}", MeterBody(meter))).ShouldBe(200).Json;
        var got = (await Client.SendAsync("GET", $"/v1/meters/{meter}")).ShouldBe(200).Json;
        got.GetRawText().ShouldBe(replaced.GetRawText());
        got.GetProperty("key").GetString().ShouldBe(meter);
        got.GetProperty("defaults").GetProperty("tier").GetString().ShouldBe("standard");
        got.GetProperty("quantities")[1].GetProperty("set").GetProperty("token_type").GetString().ShouldBe("output");
        (await KeysAsync("meters")).ShouldContain(meter);
        (await Client.SendAsync("GET", $"/v1/products/{meter}")).ShouldBe(200).Json.GetProperty("name").GetString().ShouldBe(meter);
        (await Client.SendAsync("PUT", $"/v1/products/{meter}", """{"name":"Language models"}""")).ShouldBe(200);
        (await Client.SendAsync("GET", $"/v1/products/{meter}")).Json.GetProperty("name").GetString().ShouldBe("Language models");
        (await Client.SendAsync("GET", "/v1/meters/nope")).ShouldBe(404, "unknown_meter");
        (await Client.SendAsync("GET", "/v1/products/nope")).ShouldBe(404, "unknown_product");
    }

    [Fact]
    public async Task Bad_meters_are_refused_by_field()
    {
        async Task Refused(string body, int status, string code, string field) =>
            (await Client.SendAsync("PUT", $"/v1/meters/m{unique}", body)).ShouldBe(status, code).Json.GetProperty("errors").TryGetProperty(field, out _).ShouldBeTrue(field);

        await Refused(MeterBody("p").Replace("\"sum\"", "\"median\"", StringComparison.Ordinal), 422, "invalid_aggregation", "aggregation");
        await Refused(MeterBody("p").Replace("\"sum\"", "\"percentile\"", StringComparison.Ordinal), 422, "required", "percentile");
        await Refused(MeterBody("p").Replace("\"aggregation\"", "\"aggregate\"", StringComparison.Ordinal), 400, "unknown_field", "aggregate");
        await Refused(MeterBody("p").Replace("\"set\"", "\"sets\"", StringComparison.Ordinal), 400, "unknown_field", "quantities[0].sets");
        await Refused("""{"event_type":7,"product":"p","aggregation":"count"}""", 400, "invalid_field", "event_type");
        await Refused("""{"product":"p","aggregation":"count"}""", 422, "required", "event_type");
        await Refused($$"""{"event_type":"{{new string('x', 201)}}","product":"p","aggregation":"count"}""", 422, "required", "event_type");
        (await Client.SendAsync("PUT", $"/v1/meters/m{unique}", "{\"event_type\":")).ShouldBe(400, "malformed_json");
        (await Client.SendAsync("PUT", "/v1/meters/UPPER", MeterBody("p"))).ShouldBe(400, "invalid_key");
        (await Client.SendAsync("PUT", $"/v1/meters/m{unique}", new string(' ', 1024 * 1024 + 1))).ShouldBe(413, "body_too_large");
        (await Client.SendAsync("GET", $"/v1/meters/m{unique}")).ShouldBe(404, "unknown_meter");
    }

    [Fact]
    public async Task A_coupon_is_put_replaced_read_listed_and_redeemed()
    {
        var coupon = $"c{unique}";
        var first = (await Client.SendAsync("PUT", $"/v1/coupons/{coupon}", """{"percent":"20","duration":"once","max_redemptions":1}""")).ShouldBe(201).Json;
        first.GetProperty("percent").GetString().ShouldBe("20.000000000");
        (await Client.SendAsync("PUT", $"/v1/packs/p{unique}", Pack)).ShouldBe(201);
        (await Client.SendAsync("PUT", $"/v1/coupons/{coupon}", $$"""{"percent":"20","duration":"once","applies_to":["p{{unique}}"],"max_redemptions":1}""")).ShouldBe(200);
        (await Client.SendAsync("GET", $"/v1/coupons/{coupon}")).ShouldBe(200).Json.GetProperty("applies_to")[0].GetString().ShouldBe($"p{unique}");
        (await KeysAsync("coupons")).ShouldContain(coupon);
        (await Client.SendAsync("GET", "/v1/coupons/nope")).ShouldBe(404, "unknown_coupon");

        var tenant = await host.NewTenantAsync();
        string Buy(string key) => $$"""{"tenant":"{{tenant}}","pack":"p{{unique}}","coupon":"{{key}}"}""";
        (await Client.SendAsync("POST", "/v1/checkouts", Buy("nope"))).ShouldBe(422, "unknown_coupon");
        (await Client.SendAsync("POST", "/v1/checkouts", Buy(coupon))).ShouldBe(201);
        (await Client.SendAsync("POST", "/v1/checkouts", Buy(coupon))).ShouldBe(422, "coupon_exhausted");
    }

    [Theory]
    [InlineData("""{"duration":"once"}""", "invalid_discount", "percent")]
    [InlineData("""{"percent":"20","amount":"5","currency":"USD","duration":"once"}""", "invalid_discount", "percent")]
    [InlineData("""{"percent":"0","duration":"once"}""", "invalid_percent", "percent")]
    [InlineData("""{"percent":"100.1","duration":"once"}""", "invalid_percent", "percent")]
    [InlineData("""{"amount":"-5","currency":"USD","duration":"once"}""", "invalid_amount", "amount")]
    [InlineData("""{"amount":"5.001","currency":"USD","duration":"once"}""", "invalid_amount", "amount")]
    [InlineData("""{"amount":"5","duration":"once"}""", "required", "currency")]
    [InlineData("""{"amount":"5","currency":"XXQ","duration":"once"}""", "unknown_currency", "currency")]
    [InlineData("""{"percent":"5","currency":"USD","duration":"once"}""", "invalid_discount", "currency")]
    [InlineData("""{"percent":"20"}""", "required", "duration")]
    [InlineData("""{"percent":"20","duration":"weekly"}""", "invalid_duration", "duration")]
    [InlineData("""{"percent":"20","duration":"periods"}""", "invalid_periods", "periods")]
    [InlineData("""{"percent":"20","duration":"periods","periods":0}""", "invalid_periods", "periods")]
    [InlineData("""{"percent":"20","duration":"once","periods":2}""", "invalid_periods", "periods")]
    [InlineData("""{"percent":"20","duration":"once","applies_to":[]}""", "invalid_key", "applies_to")]
    [InlineData("""{"percent":"20","duration":"once","applies_to":["nowhere-to-be-found"]}""", "unknown_item", "applies_to")]
    [InlineData("""{"percent":"20","duration":"once","max_redemptions":0}""", "invalid_count", "max_redemptions")]
    public async Task Bad_coupons_are_refused_by_field(string body, string code, string field)
    {
        var refused = await Client.SendAsync("PUT", $"/v1/coupons/c{unique}", body);
        refused.Status.ShouldBeInRange(400, 422);
        refused.Code.ShouldBe(code, refused.Text);
        refused.Json.GetProperty("errors").TryGetProperty(field, out _).ShouldBeTrue(field);
        (await Client.SendAsync("GET", $"/v1/coupons/c{unique}")).ShouldBe(404, "unknown_coupon");
    }

    [Fact]
    public async Task Overlapping_meters_are_refused_and_both_named()
    {
        var meter = await PutMeterAsync();
        var twin = MeterBody(meter).Replace($"\"product\":\"{meter}\"", "\"product\":\"other\"", StringComparison.Ordinal);
        (await Client.SendAsync("PUT", $"/v1/meters/{meter}-b", twin)).ShouldBe(409, "meter_overlap").Text.ShouldContain(meter);
    }

    [Fact]
    public async Task A_pack_is_put_replaced_read_and_listed()
    {
        var pack = "p" + unique;
        (await Client.SendAsync("PUT", $"/v1/packs/{pack}", Pack)).ShouldBe(201).Headers.Location!.ToString().ShouldBe($"/v1/packs/{pack}");
        (await Client.SendAsync("PUT", $"/v1/packs/{pack}", """{"name":"Starter","credits":1000,"price":10,"currency":"USD"}""")).ShouldBe(200);
        var got = (await Client.SendAsync("GET", $"/v1/packs/{pack}")).ShouldBe(200).Json;
        got.GetProperty("credits").GetString().ShouldBe("1000.000000000");
        Number(got.GetProperty("price").GetString()!).ShouldBe(10m);
        (got.GetProperty("priority").GetInt32(), got.GetProperty("tax").GetString(), got.GetProperty("active").GetBoolean()).ShouldBe((50, "exclusive", true));
        got.GetProperty("expires_after").ValueKind.ShouldBe(System.Text.Json.JsonValueKind.Null); // absent in a PUT means the default
        (await KeysAsync("packs")).ShouldContain(pack);
        (await Client.SendAsync("GET", "/v1/packs/nope")).ShouldBe(404, "unknown_pack");
    }

    [Fact]
    public async Task Bad_packs_are_refused_by_field()
    {
        async Task Refused(string part, string instead, int status, string code, string field) =>
            (await Client.SendAsync("PUT", $"/v1/packs/x{unique}", Pack.Replace(part, instead, StringComparison.Ordinal)))
                .ShouldBe(status, code).Json.GetProperty("errors").TryGetProperty(field, out _).ShouldBeTrue(field);

        await Refused("\"name\":\"Starter\",", "", 422, "required", "name");
        await Refused("\"10.00\"", "\"ten\"", 400, "invalid_number", "price");
        await Refused("\"10.00\"", "\"10.005\"", 422, "invalid_amount", "price");
        await Refused("\"10.00\"", "{\"model\":\"per_unit\",\"amount\":\"0.01\",\"color\":\"red\"}", 400, "unknown_field", "price.color");
        await Refused("\"1000\"", "\"-1\"", 422, "invalid_amount", "credits");
        await Refused("\"USD\"", "\"DOGE\"", 422, "unknown_currency", "currency");
        await Refused("\"products\":null", "\"products\":[\"nope\"]", 400, "unknown_product", "products");
        await Refused("\"priority\":50", "\"priority\":\"high\"", 400, "invalid_field", "priority");
        await Refused("\"tax\"", "\"vat\"", 400, "unknown_field", "vat");
        (await Client.SendAsync("GET", $"/v1/packs/x{unique}")).ShouldBe(404, "unknown_pack");
    }

    [Fact]
    public async Task A_custom_pack_goes_round_with_its_price_model()
    {
        const string body = """{"name":"Any","currency":"USD","min":"100","max":"5000","price":{"model":"graduated","tiers":[{"up_to":"1000","unit_amount":"0.01"},{"unit_amount":"0.008"}]}}""";
        var made = (await Client.SendAsync("PUT", $"/v1/packs/c{unique}", body)).ShouldBe(201).Json;
        made.GetProperty("credits").ValueKind.ShouldBe(System.Text.Json.JsonValueKind.Null);
        Number(made.GetProperty("price").GetProperty("tiers")[1].GetProperty("unit_amount").GetString()!).ShouldBe(0.008m);
    }

    [Fact]
    public async Task A_card_is_made_and_its_versions_published_and_read()
    {
        var meter = await PutMeterAsync();
        var card = "/v1/rate-cards/c" + unique;
        (await Client.SendAsync("POST", $"{card}/versions", VersionBody(meter))).ShouldBe(404, "unknown_rate_card");
        (await Client.SendAsync("PUT", card, """{"name":"Default"}""")).ShouldBe(201).Json.GetProperty("versions").GetArrayLength().ShouldBe(0);
        var published = (await Client.SendAsync("POST", $"{card}/versions", VersionBody(meter))).ShouldBe(201);
        published.Headers.Location!.ToString().ShouldBe($"{card}/versions/1");
        published.Json.GetProperty("effective_at").GetString().ShouldStartWith("2026-01-01T00:00:00");
        var rate = (await Client.SendAsync("GET", $"{card}/versions/1")).ShouldBe(200).Json.GetProperty("rates")[0];
        rate.GetProperty("match").GetProperty("model").GetString().ShouldBe("gpt-4o");
        Number(rate.GetProperty("price").GetProperty("amount").GetString()!).ShouldBe(0.5m);
        (await Client.SendAsync("PUT", card, """{"name":"Renamed"}""")).ShouldBe(200).Json.GetProperty("versions")[0].GetProperty("rate_count").GetInt32().ShouldBe(2);
        (await Client.SendAsync("GET", card)).ShouldBe(200).Json.GetProperty("name").GetString().ShouldBe("Renamed");
        (await Client.SendAsync("GET", $"{card}/versions/2")).ShouldBe(404, "unknown_version");
        (await Client.SendAsync("GET", $"{card}/versions/one")).ShouldBe(404, "unknown_version");
        (await Client.SendAsync("GET", "/v1/cost-cards/c" + unique)).ShouldBe(404, "unknown_cost_card");
    }

    [Fact]
    public async Task Bad_versions_are_refused_with_the_rate_and_the_field_and_publish_nothing()
    {
        var meter = await PutMeterAsync();
        var card = "/v1/rate-cards/b" + unique;
        await Client.SendAsync("PUT", card, """{"name":"Default"}""");
        async Task Refused(string part, string instead, int status, string code, string field) =>
            (await Client.SendAsync("POST", $"{card}/versions", VersionBody(meter).Replace(part, instead, StringComparison.Ordinal)))
                .ShouldBe(status, code).Json.GetProperty("errors").TryGetProperty(field, out _).ShouldBeTrue(field);

        await Refused("\"per_unit\",\"amount\":\"2\"", "\"per_unit\"", 422, "required", "rates[1].price.amount");
        await Refused("\"amount\":\"2\"", "\"amount\":\"NaN\"", 400, "invalid_number", "rates[1].price.amount");
        await Refused("\"amount\":\"2\"", "\"amount\":\"-2\"", 422, "invalid_amount", "rates[1].price.amount");
        await Refused("\"amount\":\"2\"", "\"amount\":\"2\",\"prise\":1", 400, "unknown_field", "rates[1].price.prise");
        await Refused("{\"model\":\"gpt-4o\",\"token_type\":\"input\"}", "{\"model\":\"gpt-4o\"}", 422, "rate_overlap", "rates[1].match");
        await Refused("{\"token_type\":\"output\"}", "{\"planet\":\"mars\"}", 422, "unknown_dimension", "rates[1].match.planet");
        await Refused("\"2026-01-01T00:00:00Z\"", "\"2026-01-01\"", 400, "invalid_instant", "effective_at");
        await Refused("\"rates\":", "\"prices\":", 400, "unknown_field", "prices");
        (await Client.SendAsync("POST", $"{card}/versions", """{"rates":[]}""")).ShouldBe(422, "required");
        (await Client.SendAsync("POST", $"{card}/versions", "[]")).Status.ShouldBe(400);
        (await Client.SendAsync("POST", $"{card}/versions", new string(' ', 8 * 1024 * 1024 + 1))).ShouldBe(413, "body_too_large");
        (await Client.SendAsync("GET", card)).Json.GetProperty("versions").GetArrayLength().ShouldBe(0);
    }

    [Fact]
    public async Task A_publication_repeated_with_its_key_happens_once()
    {
        var meter = await PutMeterAsync();
        var card = "/v1/rate-cards/i" + unique;
        await Client.SendAsync("PUT", card, """{"name":"Default"}""");
        var first = (await Client.SendAsync("POST", $"{card}/versions", VersionBody(meter), idempotencyKey: unique)).ShouldBe(201);
        (await Client.SendAsync("POST", $"{card}/versions", VersionBody(meter), idempotencyKey: unique)).ShouldBe(201).Text.ShouldBe(first.Text);
        (await Client.SendAsync("POST", $"{card}/versions", VersionBody(meter) + " ", idempotencyKey: unique)).ShouldBe(409, "idempotency_conflict");
        (await Client.SendAsync("GET", card)).Json.GetProperty("versions").GetArrayLength().ShouldBe(1);
    }

    [Fact]
    public async Task A_price_map_is_imported_and_what_is_none_is_refused_with_its_line()
    {
        var meter = await PutMeterAsync();
        var import = $"/v1/cost-cards/i{unique}/import?meter={meter}&effective_at=2026-01-01T00:00:00Z";
        await Client.SendAsync("PUT", "/v1/cost-cards/i" + unique, """{"name":"Vendors"}""");
        const string map = """{"gpt-x": {"input_cost_per_token": 2.5e-06, "output_cost_per_token": 1e-05, "litellm_provider": "openai"}, "painter": {"input_cost_per_image": 0.04}}""";
        var report = (await Client.SendAsync("POST", import, map)).ShouldBe(200).Json;
        (report.GetProperty("models").GetInt32(), report.GetProperty("imported").GetInt32(), report.GetProperty("skipped").GetInt32()).ShouldBe((1, 2, 1));
        report.GetProperty("added")[0].GetString().ShouldBe("gpt-x");
        var rates = (await Client.SendAsync("GET", $"/v1/cost-cards/i{unique}/versions/1")).ShouldBe(200).Json.GetProperty("rates");
        Number(rates[0].GetProperty("price").GetProperty("amount").GetString()!).ShouldBe(2.5m);
        rates[0].GetProperty("vendor").GetString().ShouldBe("openai");

        var refused = (await Client.SendAsync("POST", import, "{\n\"rates\": []\n}")).ShouldBe(422, "not_a_price_map").Json;
        (refused.GetProperty("line").GetInt32(), refused.GetProperty("key").GetString()).ShouldBe((2, "rates"));
        (await Client.SendAsync("POST", import, "not json")).ShouldBe(422, "not_a_price_map");
        (await Client.SendAsync("POST", $"/v1/cost-cards/nope/import?meter={meter}", map)).ShouldBe(404, "unknown_cost_card");
        (await Client.SendAsync("POST", $"/v1/cost-cards/i{unique}/import?meter=nope", map)).ShouldBe(422, "unknown_meter");
        (await Client.SendAsync("POST", $"/v1/cost-cards/i{unique}/import?effective_at=soon", map)).ShouldBe(400, "invalid_instant");
        (await Client.SendAsync("GET", "/v1/cost-cards/i" + unique)).Json.GetProperty("versions").GetArrayLength().ShouldBe(1);
    }

    [Fact]
    public async Task Lists_are_paged_by_key()
    {
        for (var i = 0; i < 3; i++) (await Client.SendAsync("PUT", $"/v1/products/z{unique}-{i}", """{"name":"P"}""")).ShouldBe(201);
        var keys = await KeysAsync("products", limit: 2);
        keys.ShouldBe(keys.Order(StringComparer.Ordinal));
        keys.Count(key => key.StartsWith("z" + unique, StringComparison.Ordinal)).ShouldBe(3);
        (await Client.SendAsync("GET", "/v1/products?limit=0")).ShouldBe(400, "invalid_limit");
    }

    [Fact]
    public async Task The_catalogue_is_the_platforms_whatever_a_tenants_key_holds()
    {
        var tenant = host.Client(await host.NewKeyAsync(await host.NewTenantAsync(), Scope.Read, Scope.Manage));
        var reader = host.Client(await host.NewKeyAsync(tenant: null, Scope.Read));
        foreach (var noun in new[] { "meters", "products", "packs", "rate-cards", "cost-cards" })
        {
            (await tenant.SendAsync("GET", $"/v1/{noun}")).ShouldBe(403, "platform_key_required");
            (await tenant.SendAsync("PUT", $"/v1/{noun}/x", "{}")).ShouldBe(403, "platform_key_required");
            (await reader.SendAsync("GET", $"/v1/{noun}")).ShouldBe(200);
            (await reader.SendAsync("PUT", $"/v1/{noun}/x", "{}")).ShouldBe(403, "missing_scope");
        }
    }

    private static decimal Number(string text) => decimal.Parse(text, CultureInfo.InvariantCulture);

    private static string MeterBody(string product) => $$$"""
        {"event_type":"{{{product}}}.completion","product":"{{{product}}}","aggregation":"sum","filter":null,"dimensions":["model","tier"],"defaults":{"tier":"standard"},
         "quantities":[{"property":"input_tokens","set":{"token_type":"input"}},{"property":"output_tokens","set":{"token_type":"output"}}]}
        """;

    private static string VersionBody(string meter) => $$$"""
        {"effective_at":"2026-01-01T00:00:00Z","rates":[
         {"meter":"{{{meter}}}","match":{"model":"gpt-4o","token_type":"input"},"unit":"CREDIT","price":{"model":"per_unit","amount":"0.5","per":"1000"}},
         {"meter":"{{{meter}}}","match":{"token_type":"output"},"unit":"CREDIT","price":{"model":"per_unit","amount":"2","per":"1000"}}]}
        """;

    // A meter with an event type and a product of its own.
    private async Task<string> PutMeterAsync()
    {
        var meter = "m" + Guid.NewGuid().ToString("N")[..10];
        (await Client.SendAsync("PUT", $"/v1/meters/{meter}", MeterBody(meter))).ShouldBe(201).Headers.Location!.ToString().ShouldBe($"/v1/meters/{meter}");
        return meter;
    }

    private async Task<List<string>> KeysAsync(string noun, int limit = 500)
    {
        var keys = new List<string>();
        for (string? cursor = null, more = ""; more is not null; cursor = more)
        {
            var page = (await Client.SendAsync("GET", $"/v1/{noun}?limit={limit}{(cursor is null ? "" : "&cursor=" + cursor)}")).ShouldBe(200).Json;
            keys.AddRange(page.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("key").GetString()!));
            more = page.GetProperty("next_cursor").GetString();
        }

        return keys;
    }
}
