using Bunit;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;
using Portal.Domain.Kernel;
using Portal.Domain.Metering.Intake;
using Portal.Domain.Tenants;
using Portal.Testing;
using Portal.Web.Components.TenantPages;
using Portal.Web.Components.TenantPages.Usage;

namespace Portal.Web.Tests.TenantPages;

/// <summary>A thousand input tokens of <c>small</c> are 1 credit, of <c>large</c> 10; a credit is worth 10 cents.</summary>
public sealed class UsageExplorerTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private async Task<Site> OpenAsync()
    {
        var site = await Site.OpenAsync(postgres);
        await site.Portal.GrantAsync(site.Tenant, 1000m, value: 100m);
        await site.Portal.SendAsync(
            TestPortal.Usage("acme", "1", 1000, 1000, consumer: "ana@example.com"), // 1 in, 2 out
            TestPortal.Usage("acme", "2", 2000, model: "large", consumer: "bob"), // 20 in
            TestPortal.Usage("acme", "3", 3000, consumer: "bob")); // 3 in
        return site;
    }

    [Fact]
    public async Task Groups_of_several_dimensions_open_to_one_alone_and_to_their_events()
    {
        await using var site = await OpenAsync();
        var (page, _) = site.Open<UsagePage>("usage?by=consumer,model", MemberRole.Billing);

        page.WaitForAssertion(() => Rows(page).ShouldBe([
            "bob|large|20|76.9 %|new|1|2,000|2.00 USD|0.10 USD", "ana@example.com|small|3|11.5 %|new|1|2,000|0.30 USD|0.10 USD", "bob|small|3|11.5 %|new|1|3,000|0.30 USD|0.10 USD",
        ]));
        page.Find("tbody tr:nth-child(3) th a").GetAttribute("href").ShouldBe("/t/acme/usage?consumer=bob&by=consumer,model");
        var events = page.Find("tbody tr:nth-child(3) td.num a").GetAttribute("href")!;
        events.ShouldStartWith("/t/acme/usage/events?consumer=bob&model=small&from=");

        var (list, _) = site.Open<EventsPage>(events["/t/acme/".Length..], MemberRole.Billing);
        list.WaitForAssertion(() => list.FindAll("td[data-label=Event] .movement-reason").Select(cell => cell.TextContent).ShouldBe(["test · 3"]));
    }

    [Fact]
    public async Task A_filter_is_a_dimension_and_one_of_the_periods_values()
    {
        await using var site = await OpenAsync();
        var (page, _) = site.Open<UsagePage>("usage", MemberRole.Billing);
        page.WaitForAssertion(() => page.FindAll("tbody tr").Count.ShouldBeGreaterThan(0));
        await page.InvokeAsync(() => page.FindAll("label.filter").Single(label => label.TextContent.StartsWith("Filter", StringComparison.Ordinal)).QuerySelector("select")!.Change("token_type"));
        page.WaitForAssertion(() => page.FindAll("label.filter")[^1].TextContent.ShouldContain("output"));
        await page.InvokeAsync(() => page.FindAll("label.filter")[^1].QuerySelector("select")!.Change("1")); // input 24, output 2

        page.WaitForAssertion(() => page.Find(".chip").TextContent.ShouldBe("Token type: output ✕"));
        page.WaitForAssertion(() => page.Find("[aria-label=Groups] tfoot").TextContent.ShouldContain("0.20"));
        site.Services.GetRequiredService<NavigationManager>().Uri.ShouldEndWith("/t/acme/usage?token_type=output");
    }

    [Fact]
    public async Task A_view_is_kept_replaced_shared_and_forgotten()
    {
        await using var site = await OpenAsync();
        var tenant = site.SignIn(MemberRole.Billing);
        Task<Result<SavedView>> Save(string name, string query, bool shared = false) =>
            site.Portal.Wallets.RunAsync(tenant.Id, wallet => SavedViews.SaveAsync(wallet, tenant.MemberId, name, query, shared));
        Task<List<SavedView>> List(Guid member) => new Domain.Data.TenantReads(site.Portal.Source).RunAsync(tenant.Id, read => SavedViews.ListAsync(read, member));

        (await Save(" Mine ", "?by=model")).Value.Name.ShouldBe("Mine");
        var mine = (await Save("Mine", "?by=team")).Value;
        (await Save("Ours", "?by=consumer", shared: true)).Succeeded.ShouldBeTrue();
        (await List(tenant.MemberId)).Select(v => (v.Name, v.Query, v.IsOwn)).ShouldBe([("Mine", "?by=team", true), ("Ours", "?by=consumer", true)]);
        (await List(Guid.NewGuid())).Select(v => (v.Name, v.IsOwn)).ShouldBe([("Ours", false)]);
        (await Save("", "?by=team")).Problem!.Code.ShouldBe("invalid_name");
        (await Save("x", "https://elsewhere.example/")).Problem!.Code.ShouldBe("invalid_view");
        (await site.Portal.Wallets.RunAsync(tenant.Id, wallet => SavedViews.DeleteAsync(wallet, Guid.NewGuid(), mine.Id))).Problem!.Code.ShouldBe("unknown_view");
        for (var i = 0; i < SavedViews.Most - 2; i++) await Save($"v{i}", "");
        (await Save("one more", "")).Problem!.Code.ShouldBe("too_many_views");

        (await site.Portal.Wallets.RunAsync(tenant.Id, wallet => SavedViews.DeleteAsync(wallet, tenant.MemberId, mine.Id))).Succeeded.ShouldBeTrue();
        (await List(tenant.MemberId)).ShouldNotContain(v => v.Name == "Mine");
    }

    [Fact]
    public async Task An_event_is_explained_and_a_member_sees_their_own_alone()
    {
        await using var site = await OpenAsync();
        string Id(string id) => PublicId.Format(PublicId.Event, site.Tenant, EventIdentity.KeyOf("test", id));
        IRenderedComponent<EventPage> Show(string id, MemberRole role)
        {
            var tenant = site.SignIn(role);
            return site.Render<EventPage>(page => page.AddCascadingValue(tenant).Add(p => p.Id, id));
        }

        var page = Show(Id("1"), MemberRole.Billing);
        page.WaitForAssertion(() => page.FindAll(".quantity-head").Select(Text).ShouldBe(["1,000 input of small, standard 1 credit", "1,000 output of small, standard 2 credits"]));
        page.Markup.ShouldContain("1 credit per 1,000");
        page.Markup.ShouldContain("It names 2 dimensions, model=small, token_type=input; no other rate covers the quantity.");
        page.Find("[aria-label='What it drew'] tbody tr").TextContent.ShouldContain("Pool shared");
        page.FindAll("[aria-label='In the ledger'] tbody tr").Count.ShouldBe(2); // what the platform earns and pays is not the customer's
        page.Markup.ShouldNotContain("Cost:");

        var own = Show(Id("1"), MemberRole.Member);
        own.WaitForAssertion(() => own.FindAll(".quantity-head").Count.ShouldBe(2));
        own.FindAll("[aria-label='In the ledger']").ShouldBeEmpty();
        own.Markup.ShouldNotContain("USD");
        Show(Id("2"), MemberRole.Member).WaitForElement(".empty-state-title").TextContent.ShouldBe("There is no such event");
        var other = await site.Portal.AddTenantAsync("other");
        await site.Portal.SendAsync(TestPortal.Usage("other", "9", 1000));
        Show(PublicId.Format(PublicId.Event, other, EventIdentity.KeyOf("test", "9")), MemberRole.Owner).WaitForElement(".empty-state-title");
        Show("nonsense", MemberRole.Owner).WaitForElement(".empty-state-title");
    }

    [Fact]
    public async Task Events_are_listed_to_members_only_when_theirs_and_an_empty_list_says_what_to_do()
    {
        await using var site = await OpenAsync();
        var (all, _) = site.Open<EventsPage>("usage/events", MemberRole.Billing);
        all.WaitForAssertion(() => all.FindAll("td[data-label=Event]").Count.ShouldBe(3));
        var (own, _) = site.Open<EventsPage>("usage/events", MemberRole.Member);
        own.WaitForAssertion(() => own.FindAll("td[data-label=Event] .movement-reason").Select(cell => cell.TextContent).ShouldBe(["test · 1"]));
        own.Markup.ShouldNotContain("USD");

        await using var empty = await Site.OpenAsync(postgres);
        empty.Open<EventsPage>("usage/events", MemberRole.Owner).Page.WaitForElement(".empty-state-title").TextContent.ShouldBe("No events yet");
    }

    [Fact]
    public void An_address_is_read_with_what_makes_sense_of_it()
    {
        var view = UsageView.Parse("/t/acme/usage?by=team,nonsense,model,team,day,pool&pool=shared&team=&x=1&show=worth&period=last-quarter");
        view.By.ShouldBe(["team", "model", "day"]);
        view.Only.ShouldBe(new Dictionary<string, string> { ["pool"] = "shared", ["team"] = "" }, ignoreOrder: true);
        (view.Figure, view.Period, view.ByDay).ShouldBe(("worth", "last-quarter", true));
        UsageView.Parse(view.Query).Query.ShouldBe(view.Query);
        UsageView.Parse("").Query.ShouldBe("");
        view.GroupedBy(1, key: null).By.ShouldBe(["team"]);
        view.GroupedBy(0, "model").By.ShouldBe(["model", "day"]);
    }

    [Theory]
    [InlineData("last-quarter", "2026-07-01", "2026-10-01", "2026-04-01", "2026-07-01")]
    [InlineData("this-quarter", "2026-10-01", "2026-11-23", "2026-07-01", "2026-08-23")]
    [InlineData("this-year", "2026-01-01", "2026-11-23", "2025-01-01", "2025-11-23")]
    [InlineData("last-month", "2026-10-01", "2026-11-01", "2026-09-01", "2026-10-01")]
    public void Calendar_periods_are_whole_or_compared_as_far_as_they_went(string key, string from, string to, string previousFrom, string previousTo)
    {
        DateTimeOffset Day(string date) => DateTimeOffset.Parse(date + "T00:00:00Z", System.Globalization.CultureInfo.InvariantCulture);
        var period = UsagePeriod.Of(key, from: null, to: null, TimeZoneInfo.Utc, Day("2026-11-23"));
        (period.From, period.To, period.PreviousFrom, period.PreviousTo).ShouldBe((Day(from), Day(to), Day(previousFrom), Day(previousTo)));
    }

    private static string[] Rows(IRenderedComponent<UsagePage> page) =>
        [.. page.FindAll("[aria-label=Groups] tbody tr").Select(row => string.Join('|', row.Children.Select(Text)))];

    private static string Text(AngleSharp.Dom.IElement element) => string.Join(' ', element.TextContent.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
}
