using Bunit;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;
using Portal.Domain.Kernel;
using Portal.Domain.Tenants;
using Portal.Web.Access;
using Portal.Web.Components.Shared;
using InstantText = Portal.Web.Components.Shared.InstantText;

namespace Portal.Web.Tests.Components;

public sealed class SharedComponentsTests : PageContext
{
    private static readonly DateTimeOffset Noon = new(2026, 7, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Credits_keep_the_exact_value_in_the_title()
    {
        var text = Page.Render<CreditsText>(p => p.Add(c => c.Value, 12.345678901m).Add(c => c.Sign, true)).Find("span");
        text.TextContent.ShouldBe("+12.35");
        text.GetAttribute("title").ShouldBe("12.345678901 credits");
    }

    [Fact]
    public void An_instant_is_on_the_tenants_clock()
    {
        var madrid = Instants.FindZone("Europe/Madrid")!;
        var tenant = new CurrentTenant(1, "acme", "Acme", madrid, Currency.Of("EUR"), Guid.NewGuid(), Guid.NewGuid(), MemberRole.Owner);
        var time = Page.Render<InstantText>(p => p.AddCascadingValue(tenant).Add(c => c.At, Noon)).Find("time");
        time.TextContent.ShouldBe("1 Jul 2026, 14:00");
        time.GetAttribute("datetime").ShouldBe("2026-07-01T12:00:00Z");
        time.GetAttribute("title")!.ShouldContain("Europe/Madrid");
    }

    [Fact]
    public void Without_a_tenant_an_instant_is_in_UTC() =>
        Page.Render<InstantText>(p => p.Add(c => c.At, Noon).Add(c => c.Format, InstantFormat.Time)).Find("time").TextContent.ShouldBe("12:00");

    [Theory]
    [InlineData(true, "delta-good")]
    [InlineData(false, "delta-bad")]
    [InlineData(null, "delta-neutral")]
    public void A_rise_is_good_bad_or_neither(bool? good, string css)
    {
        var card = Page.Render<StatCard>(p => p.Add(c => c.Label, "Used").Add(c => c.Delta, 0.1m).Add(c => c.RiseIsGood, good).AddChildContent("5"));
        card.Find(".delta").ClassList.ShouldContain(css);
    }

    [Fact]
    public void A_chart_shows_its_table_when_it_is_asked_for()
    {
        var chart = Page.Render<BurndownChart>(p => p.Add(c => c.Data, TwoDays()));
        chart.Find("[role=img]").GetAttribute("aria-label")!.ShouldContain("from 90 credits on 1 Jul to 70");
        chart.FindAll("table").ShouldBeEmpty();
        chart.FindAll(".segmented button")[1].Click();
        chart.FindAll("[role=img]").ShouldBeEmpty();
        var rows = chart.FindAll(".chart-table tbody tr");
        rows.Count.ShouldBe(2);
        // The latest first: 2 Jul, granted 0, used 15 and 5, expired 0, balance 70.
        rows[0].Children.Select(cell => cell.TextContent.Trim()).ShouldBe(["2 Jul", "0", "15", "5", "0", "70"]);
    }

    [Fact]
    public void Beyond_seven_models_the_smallest_are_summed()
    {
        var used = Enumerable.Range(1, 9).ToDictionary(i => $"m{i}", i => (decimal)i, StringComparer.Ordinal);
        var (names, hasOther) = ChartOptions.Largest([used]);
        names.ShouldBe(["m9", "m8", "m7", "m6", "m5", "m4"]);
        hasOther.ShouldBeTrue();
        ChartOptions.Cell(used, ChartOptions.OtherName, names).ShouldBe(6m); // 1 + 2 + 3
    }

    [Fact]
    public void A_list_reads_what_its_address_says_and_pages_by_cursor()
    {
        var asked = new List<TableQuery>();
        var navigation = Page.Services.GetRequiredService<NavigationManager>();
        navigation.NavigateTo("/list?kind=usage");
        var table = Page.Render<DataTable<int>>(p => Rows(p, query =>
        {
            asked.Add(query);
            return new Slice<int>([1, 2], query.After is null ? "2" : null);
        }).Add(t => t.ExportPath, "/list.csv"));
        asked.ShouldHaveSingleItem()["kind"].ShouldBe("usage");
        table.FindAll("tbody td").Count.ShouldBe(2);
        table.Find("a[href^='/list.csv']").GetAttribute("href").ShouldBe("/list.csv?kind=usage");

        Button(table, "Next").Click();
        navigation.Uri.ShouldEndWith("/list?kind=usage&after=2");
        asked[^1].After.ShouldBe("2");
        Button(table, "Next").HasAttribute("disabled").ShouldBeTrue();
    }

    [Fact]
    public void An_empty_list_says_what_to_do_and_a_filtered_one_how_to_clear()
    {
        var navigation = Page.Services.GetRequiredService<NavigationManager>();
        var table = Page.Render<DataTable<int>>(p => Rows(p, _ => new Slice<int>([], null)).Add(t => t.Empty, "Buy a pack first."));
        table.Markup.ShouldContain("Buy a pack first.");
        navigation.NavigateTo("/?kind=usage");
        table.WaitForAssertion(() => table.Markup.ShouldContain("Nothing matches these filters"));
    }

    [Fact]
    public void A_list_that_cannot_be_read_says_so_and_tries_again()
    {
        var broken = true;
        var table = Page.Render<DataTable<int>>(p => Rows(p, _ => broken ? throw new TimeoutException() : new Slice<int>([7], null)));
        table.Find("[role=alert]").TextContent.ShouldContain("could not be read");
        broken = false;
        table.Find("[role=alert] button").Click();
        table.WaitForElement("tbody td").TextContent.ShouldBe("7");
    }

    private static ComponentParameterCollectionBuilder<DataTable<int>> Rows(
        ComponentParameterCollectionBuilder<DataTable<int>> parameters, Func<TableQuery, Slice<int>> read) => parameters
        .Add(t => t.Label, "Numbers")
        .Add(t => t.Load, (query, _) => Task.FromResult(read(query)))
        .Add(t => t.Header, "<th>Number</th>")
        .Add(t => t.Row, number => $"<td>{number}</td>");

    private static AngleSharp.Dom.IElement Button(IRenderedComponent<DataTable<int>> table, string text) =>
        table.FindAll("button").First(button => button.TextContent.Contains(text, StringComparison.Ordinal));

    private static Burndown TwoDays() => new(
        [
            new(Noon, 100m, Used(10m, 0m), 0m, 90m),
            new(Noon.AddDays(1), 0m, Used(15m, 5m), 0m, 70m),
        ],
        [new(Noon.AddDays(2), 40m, 50m, 60m)],
        [new(Noon, BurndownMarkerKind.Grant, 100m, "Starter pack")]);

    private static Dictionary<string, decimal> Used(decimal first, decimal second) =>
        new(StringComparer.Ordinal) { ["gpt-4o"] = first, ["o3"] = second };
}
