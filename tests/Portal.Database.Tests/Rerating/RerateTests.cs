using Microsoft.Extensions.DependencyInjection;
using Portal.Domain.Metering.Corrections;
using Portal.Domain.Metering.Rerating;
using Portal.Domain.Pricing;
using Portal.Domain.Pricing.Rates;
using Portal.Testing;

namespace Portal.Database.Tests.Rerating;

/// <summary>Re-rating a period posts the differences, shows them first, and does it once.</summary>
public sealed class RerateTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>, IAsyncLifetime
{
    private RerateWorld world = null!;

    public async Task InitializeAsync() => world = await RerateWorld.StartAsync(postgres);

    public async Task DisposeAsync() => await world.DisposeAsync();

    [Fact]
    public async Task A_lower_price_returns_the_difference_last_drawn_first_and_again_changes_nothing()
    {
        var first = await world.Portal.GrantAsync(world.Acme, 10m, value: 10m, priority: 10);
        var second = await world.Portal.GrantAsync(world.Acme, 10m, value: 5m, priority: 20);
        await world.UseAsync("a", 14_000); // 10 and 4
        await world.UseAsync("b", 4_000); // 4 of the second
        var version = await world.PublishAsync(RerateWorld.Rate("small", 0.5m));
        (await world.ExplainAsync("a")).Credits.ShouldBe(14m, "publishing changes nothing that was rated");

        var seen = await world.RerateAsync(version.Version, preview: true);
        (await world.BalanceAsync("consumed:llm")).ShouldBe(18m, "a preview books nothing");
        var done = await world.RerateAsync(version.Version);

        // a: 14 → 7: 4 back to the second, 3 to the first; b: 4 → 2: 2 back to the second.
        (await RemainingAsync(first.Id), await RemainingAsync(second.Id)).ShouldBe((3m, 8m));
        (await world.BalanceAsync("consumed:llm")).ShouldBe(9m);
        (await world.BalanceAsync("revenue:usage", "USD")).ShouldBe(-8m); // 7 × 1.00 + 2 × 0.50
        (await world.BalanceAsync("cogs:vendor", "USD")).ShouldBe(0.018m, "what it cost stays");
        (await world.ExplainAsync("a")).ShouldSatisfyAllConditions(e => e.Credits.ShouldBe(7m), e => e.Revenue.ShouldBe(7m));
        foreach (var summary in new[] { seen, done })
        {
            var figures = summary.ByCurrency.Single().Figures;
            (figures.CreditsBefore, figures.CreditsAfter, figures.RevenueBefore, figures.RevenueAfter).ShouldBe((18m, 9m, 14m, 8m)); // 10 + 4 × 0.50 + 4 × 0.50 = 14
            (figures.MarginBefore, figures.MarginAfter).ShouldBe((13.982m, 7.982m));
            (summary.Events, summary.Changed, summary.PayLess, summary.PayMore).ShouldBe((2, 2, 1, 0));
        }

        var rows = await world.CountAsync("ratings");
        (await world.RerateAsync(version.Version)).Changed.ShouldBe(0);
        (await world.CountAsync("ratings")).ShouldBe(rows);
    }

    [Fact]
    public async Task A_higher_price_draws_more_and_owes_the_rest()
    {
        await world.Portal.GrantAsync(world.Acme, 10m, value: 10m);
        await world.UseAsync("a", 4_000);
        var version = await world.PublishAsync(RerateWorld.Rate("small", 3m));

        var seen = await world.RerateAsync(version.Version, preview: true);
        await world.RerateAsync(version.Version);

        // 4 → 12: 6 more from the grant, 2 owed.
        (await world.BalanceAsync("pool:shared"), await world.BalanceAsync("debt:shared")).ShouldBe((0m, -2m));
        (await world.BalanceAsync("revenue:usage", "USD")).ShouldBe(-10m);
        var figures = seen.ByCurrency.Single().Figures;
        (figures.CreditsAfter, figures.RevenueAfter, seen.PayMore).ShouldBe((12m, 10m, 1));
        await world.Portal.GrantAsync(world.Acme, 2m, value: 4m); // settles it, for the event
        (await world.ExplainAsync("a")).Revenue.ShouldBe(14m);
    }

    [Fact]
    public async Task From_credits_to_money_and_back_is_as_it_was()
    {
        await world.Portal.GrantAsync(world.Acme, 10m, value: 10m);
        await world.UseAsync("a", 4_000);
        var money = await world.PublishAsync(RerateWorld.Rate("small", 0.02m, "USD"));
        await world.RerateAsync(money.Version);

        (await world.BalanceAsync("pool:shared")).ShouldBe(10m);
        (await world.BalanceAsync("unbilled", "USD")).ShouldBe(0.08m); // 4 × 0.02
        (await world.BalanceAsync("revenue:usage", "USD")).ShouldBe(-0.08m);
        await world.RerateAsync(1);
        (await world.BalanceAsync("pool:shared"), await world.BalanceAsync("unbilled", "USD")).ShouldBe((6m, 0m));
        (await world.BalanceAsync("revenue:usage", "USD")).ShouldBe(-4m);
        (await world.Portal.ScalarAsync("select sum(credits) from usage_hourly where token_type = 'input'")).ShouldBe(4m);
    }

    [Fact]
    public async Task Voided_events_and_those_outside_stay_and_amended_ones_keep_their_data()
    {
        await world.Portal.GrantAsync(world.Acme, 100m, value: 100m);
        await world.UseAsync("voided", 4_000);
        await world.UseAsync("amended", 4_000);
        await world.UseAsync("costless", 1_000, "costless");
        await world.Portal.SendAsync(TestPortal.Usage("acme", "outside", 4_000, at: RerateWorld.Noon.AddHours(-3)));
        var corrections = world.Portal.Services.GetRequiredService<UsageCorrections>();
        await world.Portal.Wallets.RunAsync(world.Acme, wallet => corrections.VoidAsync(wallet, "test", "voided", "Wrong"));
        using var data = System.Text.Json.JsonDocument.Parse("""{"model":"small","input_tokens":6000}""");
        await world.Portal.Wallets.RunAsync(world.Acme, wallet => corrections.AmendAsync(wallet, "test", "amended", data.RootElement, "Counted wrong"));
        var version = await world.PublishAsync(RerateWorld.Rate("small", 2m));

        var done = await world.RerateAsync(version.Version);

        (done.Events, done.Changed, done.NotCovered).ShouldBe((2, 1, 1)); // amended; costless has no rate there
        (await world.ExplainAsync("voided")).Credits.ShouldBe(0m);
        (await world.ExplainAsync("amended")).Credits.ShouldBe(12m);
        (await world.ExplainAsync("outside")).Credits.ShouldBe(4m);
        (await world.ExplainAsync("costless")).Credits.ShouldBe(1m);
        done.ByCurrency.Single().Figures.MarginAfter.ShouldBeNull("a cost is unknown");
        await world.Portal.Wallets.RunAsync(world.Acme, wallet => corrections.VoidAsync(wallet, "test", "amended", "Wrong", happened: false));
        (await world.BalanceAsync("consumed:llm")).ShouldBe(5m);
    }

    [Fact]
    public async Task Only_the_tenants_named_are_rated_again()
    {
        var other = await world.Portal.AddTenantAsync("other");
        await world.UseAsync("a", 4_000);
        await world.UseAsync("a", 4_000, tenant: "other");
        var version = await world.PublishAsync(RerateWorld.Rate("small", 2m));
        (await world.RerateAsync(version.Version, tenants: "other")).Tenants.ShouldBe(1);
        (await world.BalanceAsync("consumed:llm"), await world.Portal.BalanceAsync(other, "consumed:llm")).ShouldBe((4m, 8m));
    }

    [Fact]
    public async Task A_preview_of_an_unpublished_version_says_what_publishing_and_rerating_would()
    {
        await world.Portal.GrantAsync(world.Acme, 10m, value: 10m);
        await world.UseAsync("a", 4_000);
        await world.UseAsync("new", 1_000, "new"); // no rate yet
        string[] tables = ["ratings", "events", "ledger_transactions", "ledger_entries", "draws", "returns", "debts", "usage_hourly", "rate_card_versions", "cost_card_versions"];
        var before = await Task.WhenAll(tables.Select(world.CountAsync));

        var rates = await world.PreviewAsync([RerateWorld.Rate("small", 2m), RerateWorld.Rate("new", 5m)]);
        var costs = await world.PreviewAsync([RerateWorld.Rate("small", 0.5m, "USD")], CardKind.Cost, "vendor");

        var figures = rates.ByCurrency.Single().Figures;
        (figures.CreditsBefore, figures.CreditsAfter, rates.Changed, rates.NewlyRated).ShouldBe((4m, 13m, 1, 1)); // 8 + 5
        (figures.RevenueBefore, figures.RevenueAfter).ShouldBe((4m, 10m)); // the grant is empty at 10
        figures.CostUnknownAfter.ShouldBe(1, "model new has no cost");
        var margin = costs.ByCurrency.Single().Figures;
        (margin.MarginBefore, margin.MarginAfter).ShouldBe((3.996m, 2m)); // 4 − 0.004, 4 − 2
        (await Task.WhenAll(tables.Select(world.CountAsync))).ShouldBe(before);
        (await world.BalanceAsync("consumed:llm")).ShouldBe(4m);
    }

    [Fact]
    public async Task Costs_in_another_currency_are_converted_by_the_rate_of_the_day_and_unknown_without_one()
    {
        await world.Portal.GrantAsync(world.Acme, 10m, value: 10m);
        await world.UseAsync("a", 4_000);

        (await world.PreviewAsync(InEuro, CardKind.Cost, "vendor")).ByCurrency.Single().Figures.MarginAfter.ShouldBeNull("no rate of that day");
        await world.Portal.ExecuteAsync($"insert into fx_rates (base, quote, day, rate) values ('USD', 'EUR', '{RerateWorld.Noon:yyyy-MM-dd}', 0.8)");
        var figures = (await world.PreviewAsync(InEuro, CardKind.Cost, "vendor")).ByCurrency.Single().Figures;
        (figures.MarginBefore, figures.CostAfter, figures.MarginAfter).ShouldBe((3.996m, 2.5m, 1.5m)); // 4 × €0.50 = €2, at $1.25
    }

    [Fact]
    public async Task What_cannot_be_is_refused_and_nothing_is_asked_for()
    {
        (await world.TryRerateAsync(7)).Problem!.Code.ShouldBe("unknown_version");
        (await world.TryRerateAsync(1, from: RerateWorld.Noon, to: RerateWorld.Noon)).Problem!.Code.ShouldBe("invalid_period");
        (await world.TryRerateAsync(1, tenants: ["acme", "nobody"])).Problem!.Code.ShouldBe("unknown_tenant");
        var refused = await Portal.Domain.Data.PlatformTransaction.RunAsync(world.Portal.Source, platform => Rerates.PreviewAsync(platform, new VersionPreviewOrder(
            CardKind.Rate, "default", [RerateWorld.Rate("small", 1m), RerateWorld.Rate("small", 2m)], new ReratePeriod(RerateWorld.Noon, RerateWorld.Noon.AddHours(1)))));
        refused.Problem!.Code.ShouldBe("rate_overlap");
        refused.Problem.Errors!.Keys.ShouldBe(["rates[1].match"]);
        (await world.CountAsync("operations")).ShouldBe(0);
    }

    private static readonly RateDefinition[] InEuro = [RerateWorld.Rate("small", 0.5m, "EUR")];

    private async Task<decimal> RemainingAsync(Guid grant) => (decimal)(await world.Portal.ScalarAsync($"select remaining from grants where id = '{grant}'"))!;
}
