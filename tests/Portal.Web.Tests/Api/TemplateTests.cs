using Portal.Domain.Catalog.Templates;

namespace Portal.Web.Tests.Api;

/// <summary>Templates over HTTP. The tests share one catalogue: a template is loaded by one test alone.</summary>
public sealed class TemplateTests(ApiHost host) : IClassFixture<ApiHost>
{
    private HttpClient Client => host.Client();

    [Fact]
    public async Task Templates_are_listed_and_shown_with_what_is_in_them()
    {
        var items = (await Client.SendAsync("GET", "/v1/templates")).ShouldBe(200).Json.GetProperty("items").EnumerateArray().ToList();
        items.Select(item => item.GetProperty("key").GetString()).ShouldBe(CatalogueTemplates.All.Select(template => template.Key));
        items.Single(item => item.GetProperty("key").GetString() == "fin").GetProperty("contains").EnumerateArray().Select(place => place.GetString())
            .ShouldBe(["products.fin", "products.fin-ai", "meters.fin-resolutions", "meters.fin-ai", "cost_cards.fin-ai", "outcomes.fin-resolution", "plans.fin"]);
        var shown = (await Client.SendAsync("GET", "/v1/templates/fin")).ShouldBe(200).Json;
        shown.GetProperty("plans").GetProperty("fin").GetProperty("items")[0].GetProperty("amount").GetString().ShouldBe("29.000000000");
        (await Client.SendAsync("GET", "/v1/templates/nope")).ShouldBe(404, "unknown_template");
    }

    [Fact]
    public async Task A_template_is_loaded_once_and_then_said_to_be_there()
    {
        var first = (await Client.SendAsync("POST", "/v1/templates/slack/load")).ShouldBe(200).Json;
        first.GetProperty("made").GetArrayLength().ShouldBe(5); // a product, a meter, a cost card, two plans
        (await Client.SendAsync("GET", "/v1/plans/slack-pro")).ShouldBe(200);
        var second = (await Client.SendAsync("POST", "/v1/templates/slack/load")).ShouldBe(200).Json;
        (second.GetProperty("made").GetArrayLength(), second.GetProperty("present").GetArrayLength()).ShouldBe((0, 5));
        (await Client.SendAsync("POST", "/v1/templates/nope/load")).ShouldBe(404, "unknown_template");
    }

    [Fact]
    public async Task A_key_that_is_taken_is_refused_with_its_place_and_nothing_is_made()
    {
        (await Client.SendAsync("PUT", "/v1/products/flux", """{"name":"Something else"}""")).ShouldBe(201);
        var refused = (await Client.SendAsync("POST", "/v1/templates/black-forest-labs/load")).ShouldBe(409, "template_conflict").Json;
        refused.GetProperty("errors").TryGetProperty("products.flux", out _).ShouldBeTrue();
        (await Client.SendAsync("GET", "/v1/meters/flux")).ShouldBe(404, "unknown_meter");
    }
}
