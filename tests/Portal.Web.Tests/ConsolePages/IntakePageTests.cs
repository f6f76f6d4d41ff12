using AngleSharp.Dom;
using Bunit;
using Bunit.TestDoubles;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Portal.Domain.Kernel;
using Portal.Domain.Metering.Intake;
using Portal.Domain.Metering.Watching;
using Portal.Domain.Tenants;
using Portal.Testing;
using Portal.Web.Access;
using Portal.Web.Components.ConsolePages.Intake;
using Portal.Web.Tests.TenantPages;

namespace Portal.Web.Tests.ConsolePages;

public sealed class IntakePageTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private static readonly DateTimeOffset Now = DateTimeOffset.UtcNow;

    private async Task<Site> OpenAsync()
    {
        var site = await Site.OpenAsync(postgres);
        site.AddAuthorization().SetAuthorized("operator@portal.example").SetPolicies(Policies.Support);
        site.SignIn(MemberRole.Owner);
        return site;
    }

    private static async Task SendAsync(Site site, params string[] events)
    {
        await site.Portal.SendAsync(events);
        await new IntakeCountsWriting(site.Portal.Source, site.Portal.Services.GetRequiredService<IntakeCounts>(), NullLogger<IntakeCountsWriting>.Instance).WriteAsync();
    }

    private static async Task<Site> WithUsageAsync(Site site)
    {
        await site.Portal.GrantAsync(site.Tenant, 100m, value: 10m); // $0.10 a credit
        await SendAsync(
            site,
            TestPortal.Usage("acme", "a", 4000, at: Now), // 4 credits, $0.40 for $0.004
            TestPortal.Usage("acme", "a", 5000, at: Now), // conflict
            TestPortal.Usage("acme", "b", 1000, model: "unheard-of", at: Now), // no rate
            TestPortal.Usage("nobody", "c", 1000, at: Now)); // rejected
        return site;
    }

    private static IRenderedComponent<IntakePage> At(Site site, string query = "")
    {
        site.Services.GetRequiredService<NavigationManager>().NavigateTo("/console/intake" + query);
        return site.Render<IntakePage>();
    }

    private static string Text(IElement element) => string.Join(' ', element.GetDescendants().OfType<IText>()
        .SelectMany(text => text.Data.Replace('\u00a0', ' ').Split([' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries)));

    private static string[] Rows(IRenderedComponent<IntakePage> page, string panel) => [.. page.FindAll($"section[aria-labelledby={panel}] tbody tr").Select(Text)];

    [Fact]
    public async Task Without_usage_it_says_how_to_send_some()
    {
        await using var site = await OpenAsync();
        var page = At(site);
        page.WaitForAssertion(() => page.Find(".empty-state-title").TextContent.ShouldBe("No usage was sent in the last 24 hours"));
        page.Find(".empty-state a").GetAttribute("href").ShouldBe("/scalar");
        page.FindAll(".intake-good").Select(Text).ShouldBe(["Everything that came in is priced.", "Nothing was rejected in the last 24 hours."]);
    }

    [Fact]
    public async Task It_shows_what_came_what_waits_and_what_was_refused()
    {
        await using var site = await WithUsageAsync(await OpenAsync());
        var page = At(site);
        page.WaitForAssertion(() => Rows(page, "unrated").Length.ShouldBe(1));
        page.FindAll(".stat-card-figure").Select(Text).Skip(1).ShouldBe(["4 events", "1", "2"]);
        Text(page.FindAll(".stat-card-hint")[2]).ShouldBe("1 rejected, 1 in conflict; 0 duplicates");
        Rows(page, "unrated")[0].ShouldStartWith("acme llm.completion A rate for unheard-of meter llm 1 ");
        page.Find("section[aria-labelledby=unrated] td[data-label=Latest] a").GetAttribute("href")
            .ShouldBe($"/console/intake/events/{PublicId.Format(PublicId.Event, site.Tenant, EventIdentity.KeyOf("test", "b"))}");
        Rows(page, "remarks").ShouldHaveSingleItem().ShouldStartWith("none of yours llm.completion No such tenant unknown_tenant 1 ");

        At(site, "?show=conflict");
        page.WaitForAssertion(() => Rows(page, "remarks").ShouldHaveSingleItem().ShouldStartWith("acme llm.completion 1 "));
        At(site, "?show=late");
        page.WaitForAssertion(() => Text(page.FindAll(".intake-good").Single()).ShouldBe("Nothing came late in the last 24 hours."));
        page.Markup.ShouldContain("href=\"/console/intake?range=hour&amp;show=late\"");
    }

    [Fact]
    public async Task It_follows_what_comes_in()
    {
        await using var site = await OpenAsync();
        var page = At(site);
        page.WaitForAssertion(() => page.FindAll(".stat-card-figure")[1].TextContent.ShouldBe("0 events"));
        await SendAsync(site, TestPortal.Usage("acme", "a", 1000));
        page.WaitForAssertion(() => page.FindAll(".stat-card-figure")[1].TextContent.ShouldBe("1 event"), TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task An_event_is_found_by_tenant_source_and_id_or_by_its_own()
    {
        await using var site = await WithUsageAsync(await OpenAsync());
        var navigation = site.Services.GetRequiredService<NavigationManager>();
        var search = site.Render<EventSearch>();

        await search.InvokeAsync(() => search.Find("form").Submit());
        search.WaitForAssertion(() => search.Find("[role=alert]").TextContent.ShouldContain("Give the tenant"));
        await FindAsync("acme", "test", "unsent");
        search.WaitForAssertion(() => search.Find("[role=alert]").TextContent.ShouldContain("acme has no event unsent of source test"));

        var id = PublicId.Format(PublicId.Event, site.Tenant, EventIdentity.KeyOf("test", "a"));
        await FindAsync(" acme ", "test", "a");
        search.WaitForAssertion(() => navigation.Uri.ShouldEndWith($"/console/intake/events/{id}"));
        navigation.NavigateTo("/console/intake");
        await FindAsync("", "", id);
        search.WaitForAssertion(() => navigation.Uri.ShouldEndWith($"/console/intake/events/{id}"));

        async Task FindAsync(string tenant, string source, string name)
        {
            await search.InvokeAsync(() => search.Find("#event-tenant").Input(tenant));
            await search.InvokeAsync(() => search.Find("#event-source").Input(source));
            await search.InvokeAsync(() => search.Find("#event-id").Input(name));
            await search.InvokeAsync(() => search.Find("form").Submit());
        }
    }

    [Fact]
    public async Task An_event_is_followed_to_its_cost_and_margin()
    {
        await using var site = await WithUsageAsync(await OpenAsync());
        var id = PublicId.Format(PublicId.Event, site.Tenant, EventIdentity.KeyOf("test", "a"));
        var page = site.Render<IntakeEventPage>(parameters => parameters.Add(one => one.Id, id));
        page.WaitForAssertion(() => page.FindAll(".stat-card-figure").Select(Text).Take(4).ShouldBe(["4 credits", "0.40 USD", "< 0.01 USD", "0.40 USD"])); // 0.396
        page.Markup.ShouldContain("deferred:credits");

        var missing = site.Render<IntakeEventPage>(parameters => parameters.Add(one => one.Id, "evt_nonsense"));
        missing.WaitForAssertion(() => missing.Find(".empty-state-title").TextContent.ShouldBe("There is no such event"));
        var strangers = site.Render<IntakeEventPage>(parameters => parameters.Add(one => one.Id, PublicId.Format(PublicId.Event, 999, EventIdentity.KeyOf("test", "a"))));
        strangers.WaitForAssertion(() => strangers.Find(".empty-state-title").TextContent.ShouldBe("There is no such event"));
    }

    [Fact]
    public async Task When_counts_cannot_be_read_it_says_that_usage_is_taken_all_the_same()
    {
        await using var site = await OpenAsync();
        await site.Portal.ExecuteAsOwnerAsync("alter table intake_minutes rename to minutes_away");
        var page = At(site);
        page.WaitForAssertion(() => page.Find("[role=alert]").TextContent.ShouldContain("Usage is taken all the same"));
        await site.Portal.ExecuteAsOwnerAsync("alter table minutes_away rename to intake_minutes");
        page.WaitForAssertion(() => page.FindAll("[role=alert]").ShouldBeEmpty(), TimeSpan.FromSeconds(20));
    }
}
