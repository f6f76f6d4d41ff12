using Portal.Domain.Catalog;
using Portal.Domain.Kernel;
using Portal.Domain.Metering.Meters;
using Portal.Domain.Pricing;
using Portal.Testing;

namespace Portal.Database.Tests.Catalog;

public sealed class CatalogTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [Fact]
    public async Task The_demo_catalogue_is_made_once_and_rates_a_known_model_only()
    {
        await using var database = await postgres.CreateAsync();
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => DemoCatalogue.EnsureAsync(database.DataSource))));
        var version = await database.ScalarAsync("select catalogue_version from platform");
        await DemoCatalogue.EnsureAsync(database.DataSource);
        (await database.ScalarAsync("select catalogue_version from platform")).ShouldBe(version);
        (await database.ScalarAsync("select count(*) from rate_card_versions")).ShouldBe(1L);

        using var catalogues = new Catalogues(database.DataSource);
        var catalogue = await catalogues.CurrentAsync();
        var known = Rate(catalogue, "gpt-4o");
        known.Credits.Amount.ShouldBe(1.818m); // 4808 × 375/M + 10 × 1500/M
        known.Cost.ShouldBe(0.01212m);
        known.Lines.ShouldAllBe(line => line.Vendor == "openai");
        Rate(catalogue, "gpt-unheard-of").Rated.ShouldBeFalse();
        (await Packs.ForSaleAsync(database.DataSource, Currency.Of("USD"))).Select(pack => pack.Key).ShouldBe(["starter", "growth", "scale"]);
    }

    [Fact]
    public async Task A_pack_is_put_replaced_and_listed()
    {
        await using var database = await postgres.CreateAsync();
        var definition = DemoCatalogue.PacksForSale["starter"];
        Task<Result<bool>> Put(string key, PackDefinition pack) =>
            CatalogueChange.RunAsync(database.DataSource, change => Packs.PutAsync(change, key, pack));

        (await Put("one", definition)).Value.ShouldBeTrue();
        (await Put("one", definition with { Name = "One", Active = false })).Value.ShouldBeFalse();
        (await Put("two", definition with { Products = ["credits"] })).Value.ShouldBeTrue();
        (await Put("three", definition with { Products = ["nope"] })).Problem!.Code.ShouldBe("unknown_product");
        (await Put("Bad Key", definition)).Problem!.Code.ShouldBe("invalid_key");

        (await Packs.ListAsync(database.DataSource, null, 50)).Select(pack => pack.Key).ShouldBe(["one", "two"]);
        (await Packs.ListAsync(database.DataSource, "one", 50)).Select(pack => pack.Key).ShouldBe(["two"]);
        (await Packs.ForSaleAsync(database.DataSource, Currency.Of("USD"))).Select(pack => pack.Key).ShouldBe(["two"]);
        (await Packs.ForSaleAsync(database.DataSource, Currency.Of("EUR"))).ShouldBeEmpty();
        (await Packs.FindAsync(database.DataSource, "one"))!.Name.ShouldBe("One");
        (await Packs.FindAsync(database.DataSource, "three")).ShouldBeNull();
    }

    private static Rating Rate(Catalogue catalogue, string model)
    {
        var properties = new EventProperties();
        properties.Add("model", model);
        properties.Add("input_tokens", 4808m);
        properties.Add("output_tokens", 10m);
        var meter = catalogue.MeterFor("llm.completion", properties)!;
        return catalogue.Rate(meter, meter.Measure(properties), DateTimeOffset.UnixEpoch.AddYears(56));
    }
}
