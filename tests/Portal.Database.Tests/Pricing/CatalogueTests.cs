using System.Text;
using System.Text.Json;
using Npgsql;
using Portal.Domain.Catalog;
using Portal.Domain.Kernel;
using Portal.Domain.Metering.Meters;
using Portal.Domain.Pricing;
using Portal.Domain.Pricing.Import;
using Portal.Domain.Pricing.Rates;
using Portal.Testing;

namespace Portal.Database.Tests.Pricing;

/// <summary>Publication, snapshots, import: what the database decides.</summary>
public sealed class CatalogueTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>, IAsyncLifetime
{
    private static readonly DateTimeOffset January = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private TestDatabase database = null!;

    private NpgsqlDataSource Source => database.DataSource;

    public async Task InitializeAsync()
    {
        database = await postgres.CreateAsync();
        await PutMeterAsync("llm", """
            {"event_type":"llm.completion","product":"llm","aggregation":"sum","dimensions":["model","tier"],"defaults":{"tier":"standard"},
             "quantities":[{"property":"input_tokens","set":{"token_type":"input"}},{"property":"output_tokens","set":{"token_type":"output"}}]}
            """);
        await PutCardAsync(CardKind.Rate, "default");
        await PutCardAsync(CardKind.Cost, "vendors");
    }

    public async Task DisposeAsync() => await database.DisposeAsync();

    [Fact]
    public async Task A_snapshot_follows_the_catalogue_version()
    {
        using var catalogues = new Catalogues(Source);
        var before = await catalogues.CurrentAsync();
        Rate(before, January, 1000m).Rated.ShouldBeFalse();
        (await catalogues.CurrentAsync()).ShouldBeSameAs(before);

        var published = (await PublishAsync(CardKind.Rate, "default", January, Credit("0.5"))).Value;
        (await catalogues.AtLeastAsync(before.Version)).ShouldBeSameAs(before);
        var after = await catalogues.AtLeastAsync(before.Version + 1);
        catalogues.Cached.ShouldBeSameAs(after);
        after.Version.ShouldBe((long)(await database.ScalarAsync("select catalogue_version from platform"))!);
        var rating = Rate(after, January, 1000m);
        (rating.Rated, rating.RateVersionId, rating.Credits.Amount).ShouldBe((true, published.Id, 0.5m));
    }

    [Fact]
    public async Task A_version_that_does_not_exist_yet_is_no_snapshot()
    {
        using var catalogues = new Catalogues(Source);
        await Should.ThrowAsync<InvalidOperationException>(async () => await catalogues.AtLeastAsync(1_000_000));
    }

    [Fact]
    public async Task Case_40_the_price_in_force_when_it_happened_counts()
    {
        await PublishAsync(CardKind.Rate, "default", January, Credit("1"));
        await PublishAsync(CardKind.Rate, "default", January.AddDays(14), Credit("2"));
        await PublishAsync(CardKind.Rate, "default", January.AddDays(7), Credit("3")); // later published, earlier in force
        using var catalogues = new Catalogues(Source);
        var catalogue = await catalogues.CurrentAsync();
        Rate(catalogue, January.AddTicks(-1), 1000m).Rated.ShouldBeFalse();
        Rate(catalogue, January, 1000m).Credits.Amount.ShouldBe(1m);
        Rate(catalogue, January.AddDays(7).AddTicks(-1), 1000m).Credits.Amount.ShouldBe(1m);
        Rate(catalogue, January.AddDays(7), 1000m).Credits.Amount.ShouldBe(3m);
        Rate(catalogue, January.AddDays(14), 1000m).Credits.Amount.ShouldBe(2m);
        await PublishAsync(CardKind.Rate, "default", January, Credit("9")); // the same instant again replaces it
        Rate(await catalogues.CurrentAsync(), January, 1000m).Credits.Amount.ShouldBe(9m);
    }

    [Fact]
    public async Task Publications_at_once_happen_one_after_the_other()
    {
        var before = (long)(await database.ScalarAsync("select catalogue_version from platform"))!;
        var published = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Task.Run(() => PublishAsync(CardKind.Rate, "default", January, Credit("1")))));
        published.Select(version => version.Value.Version).Order().ShouldBe(Enumerable.Range(1, 20));
        ((long)(await database.ScalarAsync("select catalogue_version from platform"))!).ShouldBe(before + 20);
        (await database.ScalarAsync("select count(distinct catalogue_version) from rate_card_versions")).ShouldBe(20L);
    }

    [Fact]
    public async Task Snapshots_are_whole_while_cards_are_published()
    {
        using var catalogues = new Catalogues(Source);
        var first = (await catalogues.CurrentAsync()).Version;
        var writing = Task.Run(async () =>
        {
            for (var i = 1; i <= 10; i++) await PublishAsync(CardKind.Rate, "default", January, Credit("1"));
        });
        while (!writing.IsCompleted)
        {
            var catalogue = await catalogues.CurrentAsync();
            var version = catalogue.RateCard("default")?.VersionsAt(January).SingleOrDefault();
            (version?.Version ?? 0).ShouldBe((int)(catalogue.Version - first)); // each publication bumps the version once
        }

        await writing;
    }

    [Fact]
    public async Task A_refused_version_changes_nothing()
    {
        var before = await database.ScalarAsync("select catalogue_version from platform");
        var refused = await PublishAsync(CardKind.Rate, "default", January, Credit("1"), Credit("2"));
        refused.Problem!.Code.ShouldBe("rate_overlap");
        (await PublishAsync(CardKind.Rate, "default", January, Credit("1") with { Meter = "nope" })).Problem!.Code.ShouldBe("unknown_meter");
        (await PublishAsync(CardKind.Rate, "nope", January, Credit("1"))).Problem!.Code.ShouldBe("unknown_rate_card");
        (await database.ScalarAsync("select count(*) from rate_card_versions")).ShouldBe(0L);
        (await database.ScalarAsync("select catalogue_version from platform")).ShouldBe(before);
    }

    [Fact]
    public async Task A_published_version_cannot_be_changed()
    {
        await PublishAsync(CardKind.Rate, "default", January, Credit("1"));
        foreach (var sql in new[] { "update rate_card_versions set effective_at = now()", "delete from rate_card_versions" })
        {
            await using var command = Source.CreateCommand(sql);
            (await Should.ThrowAsync<PostgresException>(command.ExecuteNonQueryAsync())).SqlState.ShouldBe(PostgresErrorCodes.InsufficientPrivilege);
        }
    }

    [Fact]
    public async Task Rates_come_back_as_they_were_published()
    {
        await PublishAsync(CardKind.Rate, "default", January, Credit("0.50"), Credit("2") with { Match = Match(("model", "gpt-x")) });
        var rates = (await Cards.FindVersionAsync(Source, CardKind.Rate, "default", 1)).ShouldNotBeNull().Rates;
        JsonSerializer.Serialize(rates, PortalJson.Options).ShouldBe("""
            [{"meter":"llm","unit":"CREDIT","price":{"model":"per_unit","amount":"0.5","per":"1000"}},{"meter":"llm","match":{"model":"gpt-x"},"unit":"CREDIT","price":{"model":"per_unit","amount":"2","per":"1000"}}]
            """);
        var card = (await Cards.FindAsync(Source, CardKind.Rate, "default")).ShouldNotBeNull();
        (card.Name, card.Versions.Single().Version, card.Versions.Single().RateCount).ShouldBe(("default", 1, 2));
        (await Cards.FindAsync(Source, CardKind.Rate, "vendors")).ShouldBeNull();
        (await Cards.FindVersionAsync(Source, CardKind.Rate, "default", 2)).ShouldBeNull();
    }

    [Fact]
    public async Task Cost_cards_apply_together_and_equal_matches_in_two_are_refused()
    {
        await PutCardAsync(CardKind.Cost, "own-gpus");
        await PublishAsync(CardKind.Cost, "vendors", January, Cost("2", ("model", "gpt-x")), Cost("3", ("model", "gpt-x"), ("token_type", "output")));
        var refused = await PublishAsync(CardKind.Cost, "own-gpus", January.AddDays(-5), Cost("1", ("model", "gpt-x")));
        refused.Problem!.Code.ShouldBe("rate_overlap");
        refused.Problem.Detail.ShouldContain("vendors version 1");
        refused.Problem.Detail.ShouldContain("own-gpus version 1");

        (await PublishAsync(CardKind.Cost, "own-gpus", January, Cost("1", ("model", "llama")) with { Vendor = "house" })).Succeeded.ShouldBeTrue();
        using var catalogues = new Catalogues(Source);
        var catalogue = await catalogues.CurrentAsync();
        (Rate(catalogue, January, 1m, "gpt-x").Lines[0].Vendor, Rate(catalogue, January, 1m, "llama").Lines[0].Vendor).ShouldBe(("vendors", "house"));

        await PublishAsync(CardKind.Cost, "vendors", January.AddDays(5), Cost("2", ("model", "gpt-y"))); // gives gpt-x up from then on
        (await PublishAsync(CardKind.Cost, "own-gpus", January.AddDays(5), Cost("1", ("model", "gpt-x")))).Succeeded.ShouldBeTrue();
    }

    [Fact]
    public async Task Meters_that_could_measure_the_same_event_are_refused()
    {
        const string images = """{"event_type":"llm.completion","product":"images","aggregation":"count"}""";
        (await TryPutMeterAsync("images", images)).Problem!.Code.ShouldBe("meter_overlap");
        const string one = """{"event_type":"call","product":"calls","aggregation":"count","filter":{"region":["eu"]}}""";
        await PutMeterAsync("calls-eu", one);
        await PutMeterAsync("calls-us", one.Replace("\"eu\"", "\"us\"", StringComparison.Ordinal));
        (await TryPutMeterAsync("calls-all", one.Replace("[\"eu\"]", "[\"as\",\"us\"]", StringComparison.Ordinal))).Problem!.Detail.ShouldContain("calls-us");
        await PutMeterAsync("calls-eu", one); // itself is no overlap
        (await Products.FindAsync(Source, "calls")).ShouldBe(new Product("calls", "calls"));
        (await Products.FindAsync(Source, "images")).ShouldBeNull();

        var absent = """{"event_type":"job","product":"jobs","aggregation":"count","dimensions":["tier"],"defaults":{"tier":"a"},"filter":{"tier":["a"]}}""";
        await PutMeterAsync("jobs-a", absent);
        (await TryPutMeterAsync("jobs-b", absent.Replace("\"a\"", "\"b\"", StringComparison.Ordinal))).Problem!.Code
            .ShouldBe("meter_overlap"); // an event without a tier would pass both
    }

    [Fact]
    public async Task A_meter_keeps_the_dimensions_that_rates_in_force_name()
    {
        await PublishAsync(CardKind.Rate, "default", January, Credit("1") with { Match = Match(("tier", "batch")) });
        const string without = """{"event_type":"llm.completion","product":"llm","aggregation":"sum","dimensions":["model"],"quantities":[{"property":"input_tokens"}]}""";
        (await TryPutMeterAsync("llm", without)).Problem!.Code.ShouldBe("dimension_in_use");
        await PublishAsync(CardKind.Rate, "default", January, Credit("1"));
        (await TryPutMeterAsync("llm", without)).Value.ShouldBeFalse();
    }

    [Fact]
    public async Task An_imported_price_map_becomes_a_version_and_says_what_changed()
    {
        var first = (await ImportAsync("""
            {"gpt-x": {"input_cost_per_token": 2.5e-06, "output_cost_per_token": 1e-05, "input_cost_per_token_batches": 1.25e-06, "litellm_provider": "openai"},
             "azure/gpt-x": {"input_cost_per_token": 3e-06, "litellm_provider": "azure"},
             "old": {"input_cost_per_token": 1e-06, "litellm_provider": "openai"}, "painter": {"input_cost_per_image": 0.04}}
            """)).Value;
        (first.Version, first.Models, first.Imported, first.Skipped).ShouldBe((1, 3, 5, 1));
        first.Added.ShouldBe(["azure/gpt-x", "gpt-x", "old"]);
        (first.Changed.Count, first.Removed.Count).ShouldBe((0, 0));

        using var catalogues = new Catalogues(Source);
        var catalogue = await catalogues.CurrentAsync();
        await PublishAsync(CardKind.Rate, "default", January, Credit("0.5"));
        catalogue = await catalogues.CurrentAsync();
        Rate(catalogue, January, 4808m, "gpt-x").Cost.ShouldBe(0.01202m);
        Rate(catalogue, January, 4808m, "gpt-x", "batch").Cost.ShouldBe(0.00601m);
        Rate(catalogue, January, 4808m, "gpt-x", "priority").Cost.ShouldBeNull(); // no such price: unknown
        Rate(catalogue, January, 1_000_000m, "azure/gpt-x").ShouldSatisfyAllConditions(
            rating => rating.Cost.ShouldBe(3m), rating => rating.Lines[0].Vendor.ShouldBe("azure"), rating => rating.CostCurrency.ShouldBe("USD"));

        var second = (await ImportAsync("""
            {"gpt-x": {"input_cost_per_token": 2e-06, "output_cost_per_token": 1.0e-05, "output_cost_per_reasoning_token": 1e-05,
                       "input_cost_per_token_batches": 1.250e-06, "litellm_provider": "openai"},
             "azure/gpt-x": {"input_cost_per_token": 0.000003, "litellm_provider": "azure"},
             "new": {"input_cost_per_token": 0.0, "litellm_provider": "openai"}}
            """)).Value;
        second.Version.ShouldBe(2);
        second.Changed.ShouldBe([new("gpt-x", "input", "standard", 2.5m, 2m, "openai"), new("gpt-x", "reasoning", "standard", null, 10m, "openai")]);
        (second.Added.Single(), second.Removed.Single()).ShouldBe(("new", "old"));
    }

    [Fact]
    public async Task The_same_map_again_publishes_nothing()
    {
        const string map = """{"gpt-x": {"input_cost_per_token": 2.5e-06, "litellm_provider": "openai"}}""";
        (await ImportAsync(map)).Value.Version.ShouldBe(1);
        var again = (await ImportAsync(map)).Value;
        (again.Version, again.Added.Count, again.Changed.Count, again.Removed.Count).ShouldBe((1, 0, 0, 0));
        (await database.ScalarAsync("select count(*) from cost_card_versions")).ShouldBe(1L);
        (await ImportAsync(map.Replace("openai", "azure", StringComparison.Ordinal))).Value.Version.ShouldBe(2); // another is paid
    }

    [Fact]
    public async Task An_import_needs_its_card_its_meter_and_a_map()
    {
        const string map = """{"gpt-x": {"input_cost_per_token": 2.5e-06}}""";
        (await ImportAsync(map, card: "nope")).Problem!.Code.ShouldBe("unknown_cost_card");
        (await ImportAsync(map, meter: "nope")).Problem!.Code.ShouldBe("unknown_meter");
        (await ImportAsync("""{"rates":[]}""")).Problem!.Code.ShouldBe("not_a_price_map");
        (await database.ScalarAsync("select count(*) from cost_card_versions")).ShouldBe(0L);
    }

    [Fact]
    public async Task A_meter_without_tiers_takes_the_standard_prices_for_all()
    {
        await PutMeterAsync("chat", """
            {"event_type":"chat","product":"llm","aggregation":"sum","dimensions":["model"],"quantities":[{"property":"input_tokens","set":{"token_type":"input"}}]}
            """);
        (await ImportAsync("""{"gpt-x": {"input_cost_per_token": 2.5e-06, "input_cost_per_token_batches": 1.25e-06}}""", meter: "chat")).Value.Imported.ShouldBe(1);
        var rate = (await Cards.FindVersionAsync(Source, CardKind.Cost, "vendors", 1))!.Rates.Single();
        (rate.Match!.ContainsKey("tier"), rate.Price!.Amount).ShouldBe((false, 2.5m));
    }

    private static Rating Rate(Catalogue catalogue, DateTimeOffset at, decimal inputTokens, string model = "gpt-x", string? tier = null)
    {
        var properties = new EventProperties();
        properties.Add("model", model);
        properties.Add("input_tokens", inputTokens);
        if (tier is not null) properties.Add("tier", tier);
        var meter = catalogue.MeterFor("llm.completion", properties).ShouldNotBeNull();
        return catalogue.Rate(meter, meter.Measure(properties), at);
    }

    private static RateDefinition Credit(string amount) => new() { Meter = "llm", Unit = "CREDIT", Price = PriceDefinition.PerUnit(Number(amount), 1000m) };

    private static RateDefinition Cost(string amount, params (string, string)[] match) =>
        new() { Meter = "llm", Unit = "USD", Match = Match(match), Price = PriceDefinition.PerUnit(Number(amount), 1_000_000m) };

    private static Dictionary<string, string> Match(params (string Name, string Value)[] match) => match.ToDictionary(entry => entry.Name, entry => entry.Value);

    private static decimal Number(string text) => decimal.Parse(text, System.Globalization.CultureInfo.InvariantCulture);

    private Task<Result<PublishedVersion>> PublishAsync(CardKind kind, string card, DateTimeOffset at, params RateDefinition[] rates) =>
        CatalogueChange.RunAsync(Source, change => Cards.PublishAsync(change, kind, card, at, rates));

    private Task<Result<ImportReport>> ImportAsync(string map, string card = "vendors", string meter = "llm") =>
        CatalogueChange.RunAsync(Source, change => CostCardImport.RunAsync(change, card, Encoding.UTF8.GetBytes(map), January, meter));

    private async Task PutCardAsync(CardKind kind, string key) =>
        (await CatalogueChange.RunAsync(Source, change => Cards.PutAsync(change, kind, key, key))).Succeeded.ShouldBeTrue();

    private async Task PutMeterAsync(string key, string json) => (await TryPutMeterAsync(key, json)).Problem.ShouldBeNull();

    private Task<Result<bool>> TryPutMeterAsync(string key, string json) => CatalogueChange.RunAsync(
        Source, change => MeterStore.PutAsync(change, key, JsonSerializer.Deserialize<MeterDefinition>(json, PortalJson.Options)!));
}
