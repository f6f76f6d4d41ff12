using Portal.Database.Tests.Counters;
using Portal.Domain.Catalog.Templates;
using Portal.Domain.Pricing;
using Portal.Testing;

namespace Portal.Database.Tests.Templates;

/// <summary>Templates are loaded whole or not at all, and replace nothing.</summary>
public sealed class LoadingTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private const string Everything = """
        select (select count(*) from products) || ' ' || (select count(*) from meters) || ' ' || (select count(*) from rate_card_versions) || ' '
          || (select count(*) from cost_card_versions) || ' ' || (select count(*) from outcome_rule_versions) || ' ' || (select count(*) from packs) || ' '
          || (select count(*) from plan_versions)
        """;

    public static TheoryData<string> Keys => [.. CatalogueTemplates.All.Select(template => template.Key)];

    [Theory, MemberData(nameof(Keys))]
    public async Task A_template_is_loaded_whole_and_again_changes_nothing(string key)
    {
        await using var world = await MeterWorld.StartAsync(postgres);
        var template = CatalogueTemplates.Find(key).Value;
        template.Description.Length.ShouldBeGreaterThan(50);
        var first = await world.LoadAsync(key);
        first.Made.ShouldBe(template.Places());
        first.Present.ShouldBeEmpty();
        var made = await world.Portal.ScalarAsync(Everything);

        var second = await world.LoadAsync(key);
        second.Made.ShouldBeEmpty();
        second.Present.ShouldBe(template.Places());
        (await world.Portal.ScalarAsync(Everything)).ShouldBe(made);
    }

    [Fact]
    public async Task All_templates_share_one_catalogue()
    {
        await using var world = await MeterWorld.StartAsync(postgres);
        foreach (var template in CatalogueTemplates.All) (await world.LoadAsync(template.Key)).Present.ShouldBeEmpty(template.Key);
    }

    [Fact]
    public async Task A_key_that_means_something_else_is_refused_with_its_place_and_nothing_is_made()
    {
        await using var world = await MeterWorld.StartAsync(postgres);
        await world.MeterAsync("mistral", """ "aggregation":"count" """);
        var before = await world.Portal.ScalarAsync(Everything);
        var problem = (await world.TryLoadAsync(CatalogueTemplates.Find("mistral").Value)).Problem!;
        problem.Code.ShouldBe("template_conflict");
        problem.Errors!.Keys.ShouldBe(["products.mistral", "meters.mistral"]); // the meter made a product of its own name
        (await world.Portal.ScalarAsync(Everything)).ShouldBe(before);
    }

    [Fact]
    public async Task What_the_catalogue_refuses_is_refused_with_its_place_and_nothing_is_made()
    {
        await using var world = await MeterWorld.StartAsync(postgres);
        await world.MeterAsync("openai.completion", """ "aggregation":"count" """); // it measures the template's events
        var before = await world.Portal.ScalarAsync(Everything);
        var problem = (await world.TryLoadAsync(CatalogueTemplates.Find("openai").Value)).Problem!;
        (problem.Code, problem.Errors!.Keys.Single()).ShouldBe(("meter_overlap", "meters.openai"));
        (await world.Portal.ScalarAsync(Everything)).ShouldBe(before);

        var wrong = CatalogueTemplates.Parse("wrong", """
            {"name":"Wrong","description":"","meters":{"w":{"event_type":"w","product":"w","aggregation":"count"}},
             "rate_cards":{"w":{"name":"W","versions":[{"effective_at":"2026-01-01T00:00:00Z","rates":[
               {"meter":"w","unit":"USD","price":{"model":"per_unit","amount":"1"}},{"meter":"other","unit":"USD","price":{"model":"per_unit","amount":"1"}}]}]}}}
            """);
        var refused = (await world.TryLoadAsync(wrong)).Problem!;
        (refused.Code, refused.Errors!.Keys.Single()).ShouldBe(("unknown_meter", "rate_cards.w.versions[0].rates[1].meter"));
        (await world.Portal.ScalarAsync(Everything)).ShouldBe(before);
    }

    [Fact]
    public async Task What_was_published_after_a_template_stays_and_the_template_is_still_there()
    {
        await using var world = await MeterWorld.StartAsync(postgres);
        await world.LoadAsync("openai");
        await world.RatesAsync("""[{"meter":"openai","unit":"USD","price":{"model":"per_unit","amount":"1"}}]""", "2030-01-01T00:00:00Z", "openai");
        var after = await world.Portal.ScalarAsync(Everything);
        (await world.LoadAsync("openai")).Made.ShouldBeEmpty();
        (await world.Portal.ScalarAsync(Everything)).ShouldBe(after);
        (await Cards.FindAsync(world.Portal.Source, CardKind.Rate, "openai"))!.Versions.Count.ShouldBe(2);
    }

    [Fact]
    public async Task Two_who_load_at_once_make_it_once()
    {
        await using var world = await MeterWorld.StartAsync(postgres);
        var loaded = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => world.LoadAsync("mistral")));
        loaded.Count(one => one.Made.Count > 0).ShouldBe(1);
        loaded.Count(one => one.Present.Count > 0).ShouldBe(3);
    }

    [Fact]
    public void A_template_that_is_not_there_is_named() => CatalogueTemplates.Find("nope").Problem!.Code.ShouldBe("unknown_template");
}
