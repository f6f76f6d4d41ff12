using System.Text;
using Bunit;
using Bunit.TestDoubles;
using Microsoft.AspNetCore.Components.Forms;
using Microsoft.Extensions.DependencyInjection;
using Portal.Domain.Metering.Rerating;
using Portal.Domain.Pricing;
using Portal.Testing;
using Portal.Web.Access;
using Portal.Web.Components.ConsolePages.Meters;
using Portal.Web.Components.ConsolePages.Pricing;
using Portal.Web.Components.ConsolePages.Work;
using Portal.Web.Tests.Components;

namespace Portal.Web.Tests.ConsolePages;

/// <summary>Meters, cards and operations as operators see and change them.</summary>
public sealed class CardPagesTests(PostgresFixture postgres) : PageContext, IClassFixture<PostgresFixture>
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private async Task<TestPortal> StartAsync(bool mayChange = true)
    {
        var portal = await TestPortal.StartAsync(postgres);
        Page.Services.AddSingleton(portal.Source).AddSingleton(TimeProvider.System).AddScoped<ConsoleCommands>();
        var user = Page.AddAuthorization().SetAuthorized("operator@portal.example");
        if (mayChange) user.SetPolicies(Policies.Support, Policies.Operator);
        else user.SetPolicies(Policies.Support);
        return portal;
    }

    private void At(string address) => Page.Services.GetRequiredService<Microsoft.AspNetCore.Components.NavigationManager>().NavigateTo(address);

    [Fact]
    public async Task A_card_shows_its_versions_and_which_is_in_force()
    {
        await using var portal = await StartAsync();
        await PublishAsync(portal, DateTimeOffset.UtcNow.AddDays(30), 3m);
        At("/console/rate-cards/default");
        var page = Page.Render<CardPage>(parameters => parameters.Add(p => p.Card, "default"));
        page.WaitForAssertion(() => page.FindAll(".timeline-item").Count.ShouldBe(2), Patience);
        page.FindAll(".timeline-what").Select(item => string.Join(' ', item.TextContent.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries))).ShouldBe(["Version 2 Scheduled", "Version 1 In force"]);
    }

    [Fact]
    public async Task A_version_lists_its_rates_and_what_it_changes()
    {
        await using var portal = await StartAsync();
        await PublishAsync(portal, DateTimeOffset.UtcNow.AddDays(-1), 3m);
        At("/console/rate-cards/default/versions/2?view=changes");
        var page = Page.Render<VersionPage>(parameters => parameters.Add(p => p.Card, "default").Add(p => p.Version, 2));
        page.WaitForAssertion(() => page.Find(".diff-sum").TextContent.ShouldContain("1 rate changed, 0 added, 4 removed, 0 the same"), Patience);
        page.Find(".diff tbody tr").TextContent.ShouldContain("1 credit per 1,000");
        page.Find(".diff tbody tr").TextContent.ShouldContain("3 credits per 1,000");
    }

    [Fact]
    public async Task Thousands_of_rates_are_searched_and_paged()
    {
        await using var portal = await StartAsync();
        var rates = Enumerable.Range(0, 1700).Select(n => Rate($"model-{n:0000}", 1m)).ToArray();
        (await CatalogueChange.RunAsync(portal.Source, change => Cards.PublishAsync(change, CardKind.Rate, "default", null, rates))).Succeeded.ShouldBeTrue();
        At("/console/rate-cards/default/versions/2?q=model-17");
        At("/console/rate-cards/default/versions/2?q=model-169");
        var page = Page.Render<VersionPage>(parameters => parameters.Add(p => p.Card, "default").Add(p => p.Version, 2));
        page.WaitForAssertion(() => page.FindAll("tbody tr").Count.ShouldBe(10), Patience); // 1690 to 1699
        At("/console/rate-cards/default/versions/2");
        page.WaitForAssertion(() => page.FindAll("tbody tr").Count.ShouldBe(25), Patience);
    }

    [Fact]
    public async Task Typed_prices_are_checked_at_once_and_published()
    {
        await using var portal = await StartAsync();
        At("/console/rate-cards/default/new");
        var page = Page.Render<NewVersionPage>(parameters => parameters.Add(p => p.Card, "default"));
        page.WaitForAssertion(() => page.FindAll(".rate-rows tbody tr").Count.ShouldBe(5), Patience);

        await page.InvokeAsync(() => page.FindAll("input[aria-label=Amount]")[0].Change("lots"));
        page.WaitForAssertion(() => page.Find(".notice-error").TextContent.ShouldContain("Rate 1, price.amount"), Patience);
        await page.InvokeAsync(() => page.FindAll("input[aria-label=Dimensions]")[1].Change("model=small, colour=red"));
        await page.InvokeAsync(() => page.FindAll("input[aria-label=Amount]")[0].Change("1.5"));
        page.WaitForAssertion(() => page.Find(".notice-error").TextContent.ShouldContain("Rate 2, match.colour"), Patience);
        await page.InvokeAsync(() => page.FindAll("input[aria-label=Dimensions]")[1].Change("model=small, token_type=output"));
        page.WaitForAssertion(() => page.Find(".diff-sum").TextContent.ShouldContain("1 rate changed, 0 added, 0 removed, 4 the same"), Patience);

        await page.InvokeAsync(() => Button(page, "Publish").Click());
        page.WaitForAssertion(() => Page.Services.GetRequiredService<Microsoft.AspNetCore.Components.NavigationManager>().Uri.ShouldEndWith("/console/rate-cards/default"), Patience);
        (await Cards.FindVersionAsync(portal.Source, CardKind.Rate, "default", 2))!.Rates[0].Price!.Amount.ShouldBe(1.5m);
        (await portal.ScalarAsync("select count(*) from audit where action = 'card.published'")).ShouldBe(1L);
    }

    [Fact]
    public async Task A_file_that_is_no_card_is_refused_with_its_line()
    {
        await using var portal = await StartAsync();
        At("/console/rate-cards/default/new");
        var page = Page.Render<NewVersionPage>(parameters => parameters.Add(p => p.Card, "default"));
        page.WaitForAssertion(() => page.FindAll(".rate-rows tbody tr").Count.ShouldBe(5), Patience);
        page.FindComponent<InputFile>().UploadFiles(InputFileContent.CreateFromText("[\n{\"meter\":\"llm\"},\n{\"metre\":\"llm\"}\n]", "card.json"));
        page.WaitForAssertion(() => page.Find(".notice-error").TextContent.ShouldContain("card.json: Line 3"), Patience);
    }

    [Fact]
    public async Task Who_may_only_look_publishes_nothing()
    {
        await using var portal = await StartAsync(mayChange: false);
        At("/console/rate-cards/default/new");
        var page = Page.Render<NewVersionPage>(parameters => parameters.Add(p => p.Card, "default"));
        page.WaitForAssertion(() => page.FindAll(".rate-rows tbody tr").Count.ShouldBe(5), Patience);
        await page.InvokeAsync(() => Button(page, "Publish").Click());
        page.WaitForAssertion(() => page.Find(".notice-error").TextContent.ShouldContain("needs the role operator"), Patience);
        (await portal.ScalarAsync("select count(*) from rate_card_versions")).ShouldBe(1L);
    }

    [Fact]
    public async Task A_price_map_is_shown_before_it_is_published()
    {
        await using var portal = await StartAsync();
        At("/console/cost-cards/vendor/import");
        var page = Page.Render<ImportPage>(parameters => parameters.Add(p => p.Card, "vendor"));
        page.FindComponent<InputFile>().UploadFiles(InputFileContent.CreateFromText("{\n\"a\": 7}", "map.json"));
        page.WaitForAssertion(() => page.Find(".notice-error").TextContent.ShouldContain("line 2"), Patience);
        page.FindComponent<InputFile>().UploadFiles(InputFileContent.CreateFromText(
            """{"gpt-x":{"input_cost_per_token":2.5e-06,"litellm_provider":"openai"},"painter":{"output_cost_per_image":0.04}}""", "map.json"));
        page.WaitForAssertion(() => page.Find("#report").TextContent.ShouldBe("What would change"), Patience);
        page.Markup.ShouldContain("painter (output_cost_per_image)");
        (await portal.ScalarAsync("select count(*) from cost_card_versions")).ShouldBe(1L);
        await page.InvokeAsync(() => Button(page, "Publish as a new version").Click());
        page.WaitForAssertion(() => Page.Services.GetRequiredService<Microsoft.AspNetCore.Components.NavigationManager>().Uri.ShouldEndWith("/console/cost-cards/vendor"), Patience);
        (await portal.ScalarAsync("select count(*) from cost_card_versions")).ShouldBe(2L);
    }

    [Fact]
    public async Task An_operation_says_who_pays_more_or_less()
    {
        await using var portal = await StartAsync();
        var tenant = await portal.AddTenantAsync("acme");
        await portal.GrantAsync(tenant, 100m, 100m);
        await portal.SendAsync(TestPortal.Usage("acme", "a", 4_000));
        var asked = (await Portal.Domain.Data.PlatformTransaction.RunAsync(portal.Source, platform => Rerates.PreviewAsync(platform, new VersionPreviewOrder(
            CardKind.Rate, "default", [Rate("small", 3m)], new ReratePeriod(DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddHours(1)))))).Value;
        var page = Page.Render<OperationView>(parameters => parameters.Add(p => p.Id, asked.Id));
        page.WaitForAssertion(() => page.Markup.ShouldContain("Waiting"), Patience);
        await portal.Services.GetRequiredService<OperationRuns>().RunDueAsync();
        page.WaitForAssertion(() => page.Find(".figures tbody tr").TextContent.ShouldContain("4 → 12"), Patience);
        page.Markup.ShouldContain("1 tenant pays more");
        page.Find(".figures tbody tr").TextContent.ShouldContain("4.00\u00a0USD → 12.00\u00a0USD");
    }

    [Fact]
    public async Task A_meter_is_checked_while_it_is_typed_and_tried_on_an_event()
    {
        await using var portal = await StartAsync();
        var page = Page.Render<MeterPage>();
        page.WaitForAssertion(() => page.Find("#meter-key"), Patience);
        await page.InvokeAsync(() => page.Find("#meter-key").Input("images"));
        await page.InvokeAsync(() => page.Find("#meter-type").Input("llm.completion"));
        await page.InvokeAsync(() => page.Find("#meter-product").Input("images"));
        await page.InvokeAsync(() => page.FindAll(".quantity input")[0].Input("width, height"));
        page.WaitForAssertion(() => page.Markup.ShouldContain("could measure the same event"), Patience);
        await page.InvokeAsync(() => page.Find("#meter-type").Input("image.made"));
        await page.InvokeAsync(() => page.FindAll(".quantity input")[1].Input("1000000"));
        await page.InvokeAsync(() => page.Find("#sample-data").Input("""{"width":2000,"height":1500}"""));
        page.WaitForAssertion(() => page.Find(".measured").TextContent.ShouldContain("3"), Patience);
        await page.InvokeAsync(() => page.Find("#sample-data").Input("""{"width":-1,"height":1500}"""));
        page.WaitForAssertion(() => page.Find("section[aria-labelledby=sample] .notice-error").TextContent.ShouldContain("negative"), Patience);
        await page.InvokeAsync(() => page.Find("form").Submit());
        page.WaitForAssertion(() => Page.Services.GetRequiredService<Microsoft.AspNetCore.Components.NavigationManager>().Uri.ShouldEndWith("/console/meters"), Patience);
        (await portal.ScalarAsync("select count(*) from meters where key = 'images'")).ShouldBe(1L);
        var list = Page.Render<MetersPage>();
        list.WaitForAssertion(() => list.Markup.ShouldContain("sum of width × height ÷ 1000000"), Patience);
    }

    // Found and used in one turn of the renderer: what is checked while it is typed renders at any time.
    private static AngleSharp.Dom.IElement Button(IRenderedComponent<Microsoft.AspNetCore.Components.IComponent> page, string text) =>
        page.FindAll("button").First(button => button.TextContent.Trim() == text);

    private static Portal.Domain.Pricing.Rates.RateDefinition Rate(string model, decimal amount) => new()
    {
        Meter = "llm",
        Unit = "CREDIT",
        Match = new Dictionary<string, string>(StringComparer.Ordinal) { ["model"] = model, ["token_type"] = "input" },
        Price = Portal.Domain.Pricing.Rates.PriceDefinition.PerUnit(amount, 1000m),
    };

    private static async Task PublishAsync(TestPortal portal, DateTimeOffset from, decimal amount) =>
        (await CatalogueChange.RunAsync(portal.Source, change => Cards.PublishAsync(change, CardKind.Rate, "default", from, [Rate("small", amount)]))).Succeeded.ShouldBeTrue();
}
