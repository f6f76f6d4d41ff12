using System.Text.Json;
using Portal.Database.Tests.Counters;
using Portal.Domain.Catalog;
using Portal.Domain.Data;
using Portal.Domain.Invoicing;
using Portal.Domain.Kernel;
using Portal.Domain.Outcomes;
using Portal.Domain.Pricing;
using Portal.Domain.Revenue;
using Portal.Domain.Subscriptions;
using Portal.Domain.Subscriptions.Contracts;
using Portal.Domain.Wallet;
using Portal.Testing;

namespace Portal.Database.Tests.Invoicing;

/// <summary>A plan of $100 a month in advance and <c>gpu</c> at $1 each in arrears; from January 2030, whose first quarter has 90 days.</summary>
public sealed class ContractTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>, IAsyncLifetime
{
    private MeterWorld world = null!;

    public async Task InitializeAsync()
    {
        world = await MeterWorld.StartAsync(postgres);
        await world.MeterAsync("gpu", """ "aggregation":"sum","quantities":[{"property":"n"}] """);
        await world.MeterAsync("chat", """ "aggregation":"sum","quantities":[{"property":"n"}] """);
        await world.RateAsync("chat", """{"model":"per_unit","amount":"1"}""");
        await world.PlanAsync(""" "items":[{"key":"base","type":"flat","amount":"100"},{"key":"gpu","type":"usage","meter":"gpu","price":{"model":"per_unit","amount":"1"}}] """);
        await world.Portal.SellAsync();
    }

    public async Task DisposeAsync()
    {
        var report = await new Reconciliation(world.Portal.Source).RunAsync();
        report.Checks.Where(check => !check.Ok).SelectMany(check => check.Failures).ShouldBeEmpty();
        await world.DisposeAsync();
    }

    [Fact]
    public async Task What_a_quarter_falls_short_of_its_commit_is_charged_as_it_ends_and_due_when_agreed()
    {
        var subscription = await StartAsync("""{"term_months":12,"commit":{"amount":"1000","per":"quarter"},"net_days":30,"po_number":"PO-7"}""");
        await world.UseAsync("gpu", 200m); // January: 100 + 200
        await world.ToAsync("2030-02-15T00:00:00Z");
        await world.UseAsync("gpu", 150m); // February: 100 + 150
        var running = (await ProgressAsync(subscription)).ShouldHaveSingleItem();
        // 45 of 90 days: 100 + 200 + 100 + 150 = 550, at this pace 1,100.
        (running.Committed, running.Spent, running.ForecastSpend, running.ForecastTrueUp).ShouldBe((1000m, 550m, 1100m, 0m));

        await world.ToAsync("2030-03-15T00:00:00Z");
        await world.UseAsync("gpu", 50m); // March: 100 + 50; 700 of 1,000
        await world.ToAsync("2030-04-03T00:00:00Z");

        var april = await LatestAsync();
        Lines(april).ShouldBe(["flat 100", "usage 50", "true_up 300"]);
        (april.Total, april.IssuedAt, april.DueAt, april.PoNumber).ShouldBe((450m, MeterWorld.At("2030-04-02T00:00:00Z"), MeterWorld.At("2030-05-02T00:00:00Z"), "PO-7"));
        (await world.BalanceAsync("revenue:true_up", "USD")).ShouldBe(-300m);
        var quarters = await ProgressAsync(subscription);
        quarters.Select(quarter => (quarter.Spent, quarter.TrueUp)).ShouldBe([(100m, 0m), (700m, 300m)]);
    }

    [Fact]
    public async Task Late_usage_of_a_trued_up_quarter_is_set_off()
    {
        await StartAsync("""{"term_months":12,"commit":{"amount":"1000","per":"quarter"}}""");
        await world.ToAsync("2030-04-01T12:00:00Z");
        await world.UseAsync("gpu", 5m, at: "2030-03-31T10:00:00Z"); // before the invoice is finalised: 300 + 5 of 1,000
        await world.ToAsync("2030-04-10T00:00:00Z");
        Lines(await LatestAsync()).ShouldBe(["flat 100", "usage 5", "true_up 695"]);

        await world.UseAsync("gpu", 10m, at: "2030-03-31T11:00:00Z");
        await world.ToAsync("2030-05-03T00:00:00Z");
        Lines(await LatestAsync()).ShouldBe(["flat 100", "late_usage 10", "true_up -10"]);
        (await world.BalanceAsync("revenue:true_up", "USD")).ShouldBe(-685m);
    }

    [Fact]
    public async Task Discounts_grow_with_the_terms_charges_and_the_commit_counts_what_is_left()
    {
        await StartAsync("""{"term_months":12,"commit":{"amount":"1000","per":"quarter"},"discounts":[{"up_to":"500","percent":"0"},{"up_to":null,"percent":"10"}]}""");
        await world.UseAsync("gpu", 300m); // 400: nothing off
        await world.ToAsync("2030-02-10T00:00:00Z");
        Lines(await LatestAsync()).ShouldBe(["flat 100", "usage 300"]);
        await world.UseAsync("gpu", 300m); // 800: 10 % of 300
        await world.ToAsync("2030-03-10T00:00:00Z");
        Lines(await LatestAsync()).ShouldBe(["flat 100", "usage 300", "discount -30"]);
        await world.ToAsync("2030-04-10T00:00:00Z"); // 900: 40 off, 30 of it had; 860 of 1,000
        Lines(await LatestAsync()).ShouldBe(["flat 100", "discount -10", "true_up 140"]);
        (await world.BalanceAsync("revenue:discount", "USD")).ShouldBe(40m);
    }

    [Fact]
    public async Task Case_37_a_contract_that_ends_early_owes_the_days_of_its_commit()
    {
        var subscription = await StartAsync("""{"term_months":12,"commit":{"amount":"900","per":"quarter"}}""");
        await world.ToAsync("2030-02-15T00:00:00Z");
        await world.ChangeAsync(subscription, new SubscriptionChange("now"));
        await world.ToAsync("2030-02-17T00:00:00Z");

        // 45 of 90 days: 450. Spent 100 + 100, of which half of February's 28 days comes back.
        Lines(await LatestAsync()).ShouldBe(["proration -50", "true_up 300"]);
        (await LatestAsync()).Total.ShouldBe(250m);
    }

    [Fact]
    public void Case_37_a_contract_that_ends_just_after_midnight_owes_no_day_more()
    {
        var contract = Contract.Of(Subscription(cancelledAt: "2030-04-01T00:15:49Z", """{"term_months":12,"commit":{"amount":"900","per":"quarter"}}"""))!;
        contract.CommitPeriods(MeterWorld.At("2031-01-01T00:00:00Z")).Select(period => (period.StartsAt, contract.CommittedIn(period))).ShouldBe(
            [(MeterWorld.At("2030-01-01T00:00:00Z"), 900m), (MeterWorld.At("2030-04-01T00:00:00Z"), 0m)]);
    }

    [Fact]
    public void Case_38_a_discount_over_a_terms_charges_does_not_care_how_they_are_split()
    {
        var contract = Contract.Of(Subscription(cancelledAt: null, """{"term_months":12,"discounts":[{"up_to":"60","percent":"5"},{"up_to":"100","percent":"20"},{"up_to":null,"percent":"50"}]}"""))!;
        // 60 × 5 % + 40 × 20 % + 20 × 50 % = 3 + 8 + 10
        (contract.DiscountOf(120m), contract.DiscountOf(60m), contract.DiscountOf(60.01m), contract.DiscountOf(0m), contract.DiscountOf(-5m)).ShouldBe((21m, 3m, 3.002m, 0m, 0m));
    }

    [Fact]
    public async Task A_commit_paid_in_advance_buys_credits_that_are_drawn_first()
    {
        await StartAsync("""{"term_months":12,"commit":{"amount":"1200","per":"year","paid":"advance","credit_price":"0.10"}}""");
        await world.Portal.GrantAsync(world.Tenant, 500m, value: 100m);
        await world.ToAsync("2030-01-02T00:00:00Z");
        Lines(await LatestAsync()).ShouldBe(["commit 1200", "flat 100"]);
        await world.UseAsync("chat", 130m);
        (await world.Portal.ScalarAsync("select format('%s of %s, %s', remaining::float8, amount::float8, expires_at at time zone 'UTC') from grants where source = 'commit'"))
            .ShouldBe("11870 of 12000, 2031-01-01 00:00:00");
        (await world.BalanceAsync("revenue:usage", "USD")).ShouldBe(-13m); // 130 × 0.10

        await world.ToAsync("2031-01-03T00:00:00Z"); // no true-up; the next year's commit comes
        Lines(await LatestAsync()).ShouldBe(["commit 1200", "flat 100"]);
        (await world.BalanceAsync("revenue:true_up", "USD")).ShouldBe(0m);
    }

    [Fact]
    public async Task A_contracts_prices_and_rules_come_before_the_plans()
    {
        await world.RatesAsync("""[{"meter":"gpu","match":{},"unit":"USD","price":{"model":"per_unit","amount":"0.5"}}]""", card: "acme-2030");
        await RuleAsync("per_conversation");
        await RuleAsync("per_resolution");
        await world.PlanAsync(""" "outcomes":{"support":"per_conversation"},"items":[{"key":"base","type":"flat","amount":"100"},{"key":"gpu","type":"usage","meter":"gpu","price":{"model":"per_unit","amount":"1"}}] """, "own");
        await StartAsync("""{"term_months":12,"rate_card":"acme-2030","outcomes":{"support":"per_resolution"}}""", "own");
        await world.UseAsync("gpu", 10m);
        (await world.UnbilledAsync()).ShouldBe(105m); // 100 + 10 × 0.5
        var terms = (await world.Portal.Wallets.RunAsync(world.Tenant, wallet => Task.FromResult<Result<OutcomeTerms?>>(
            OutcomeTerms.For(wallet.Directory.Outcomes, "support", wallet.Now)))).Value;
        terms!.Rule.ShouldBe("per_resolution");
        await world.ToAsync("2030-02-02T01:00:00Z");
        Lines(await LatestAsync()).ShouldBe(["flat 100", "usage 5"]);
    }

    [Fact]
    public async Task What_was_used_last_is_invoiced_when_a_subscription_ends_with_its_period()
    {
        await world.SubscribeAsync(new SubscriptionOrder("pro", MeterWorld.At("2030-01-01T00:00:00Z")));
        var subscription = (await CurrentAsync())!;
        await world.UseAsync("gpu", 7m);
        await world.ChangeAsync(subscription, new SubscriptionChange("period_end"));
        await world.ToAsync("2030-02-03T00:00:00Z");
        Lines(await LatestAsync()).ShouldBe(["usage 7"]);
        (await world.UnbilledAsync()).ShouldBe(0m);
    }

    [Theory]
    [InlineData("""{"commit":{"amount":"1","per":"quarter"}}""", "contract.term_months", "invalid_term")]
    [InlineData("""{"term_months":0}""", "contract.term_months", "invalid_term")]
    [InlineData("""{"term_months":12,"commit":{"amount":"0","per":"quarter"}}""", "contract.commit.amount", "invalid_commit")]
    [InlineData("""{"term_months":12,"commit":{"amount":"1","per":"week"}}""", "contract.commit.per", "invalid_commit")]
    [InlineData("""{"term_months":10,"commit":{"amount":"1","per":"quarter"}}""", "contract.commit.per", "commit_period_mismatch")]
    [InlineData("""{"term_months":12,"commit":{"amount":"1","per":"year","paid":"advance"}}""", "contract.commit.credit_price", "credit_price_missing")]
    [InlineData("""{"term_months":12,"commit":{"amount":"1","per":"year","paid":"later"}}""", "contract.commit.paid", "invalid_commit")]
    [InlineData("""{"term_months":12,"discounts":[]}""", "contract.discounts", "invalid_discounts")]
    [InlineData("""{"term_months":12,"discounts":[{"up_to":"5","percent":"1"},{"up_to":"5","percent":"1"},{"percent":"1"}]}""", "contract.discounts[1].up_to", "invalid_discounts")]
    [InlineData("""{"term_months":12,"discounts":[{"up_to":"5","percent":"1"}]}""", "contract.discounts[0].up_to", "invalid_discounts")]
    [InlineData("""{"term_months":12,"discounts":[{"percent":"101"}]}""", "contract.discounts[0].percent", "invalid_discounts")]
    [InlineData("""{"term_months":12,"net_days":366}""", "contract.net_days", "invalid_net_days")]
    [InlineData("""{"term_months":12,"po_number":""}""", "contract.po_number", "invalid_po_number")]
    [InlineData("""{"term_months":12,"rate_card":"nowhere"}""", "contract.rate_card", "unknown_rate_card")]
    [InlineData("""{"term_months":12,"outcomes":{"support":"nowhere"}}""", "contract.outcomes.support", "unknown_outcomes")]
    public async Task A_contract_that_cannot_be_is_refused_and_nothing_is_made(string contract, string field, string code)
    {
        var order = new SubscriptionOrder("pro", MeterWorld.At("2030-01-01T00:00:00Z")) { Contract = Read(contract) };
        var refused = (await world.Portal.Wallets.RunAsync(world.Tenant, wallet => Subscribing.StartAsync(wallet, order))).Problem!;
        refused.Errors![field].ShouldNotBeEmpty();
        refused.Code.ShouldBe(code);
        (await world.Portal.ScalarAsync("select count(*)::int from subscriptions")).ShouldBe(0);
    }

    private static ContractDefinition Read(string contract) => JsonSerializer.Deserialize<ContractDefinition>(contract, PortalJson.Options)!;

    private static Subscription Subscription(string? cancelledAt, string contract) => new()
    {
        TenantId = 1,
        Id = Guid.NewGuid(),
        Plan = "pro",
        PlanVersion = 1,
        State = cancelledAt is null ? SubscriptionState.Active : SubscriptionState.Cancelled,
        StartsAt = MeterWorld.At("2030-01-01T00:00:00Z"),
        StartZone = "UTC",
        AnchorDay = 1,
        Exhaustion = "block",
        Currency = "USD",
        CreatedAt = MeterWorld.At("2030-01-01T00:00:00Z"),
        CancelledAt = cancelledAt is null ? null : MeterWorld.At(cancelledAt),
        Contract = Read(contract),
    };

    private Task<Subscription> StartAsync(string contract, string plan = "pro") =>
        world.SubscribeAsync(new SubscriptionOrder(plan, MeterWorld.At("2030-01-01T00:00:00Z")) { Contract = Read(contract) });

    private async Task<Subscription?> CurrentAsync()
    {
        await using var connection = await world.Portal.Source.OpenConnectionAsync();
        return await SubscriptionQuery.CurrentAsync(connection, world.Tenant);
    }

    private Task<IReadOnlyList<CommitProgress>> ProgressAsync(Subscription subscription) =>
        new TenantReads(world.Portal.Source).RunAsync(world.Tenant, read => CommitProgress.ReadAsync(read, subscription));

    private async Task<Invoice> LatestAsync() => await world.InvoiceAsync((await world.InvoicesAsync())[0]);

    private static string[] Lines(Invoice invoice) =>
        [.. invoice.Lines.Select(line => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{line.Kind} {line.Amount:0.####}"))];

    private async Task RuleAsync(string key)
    {
        var rule = JsonSerializer.Deserialize<OutcomeRuleDefinition>(
            """{"effective_at":"2020-01-01T00:00:00Z","product":"support","settlement":"P7D","rules":[{"if":{"event":"conversation.resolved"},"then":"billable","reason":"confirmed"}]}""",
            PortalJson.Options)!;
        (await CatalogueChange.RunAsync(world.Portal.Source, async change =>
        {
            await OutcomeRules.PutAsync(change, key, key);
            return await OutcomeRules.PublishAsync(change, key, rule);
        })).Succeeded.ShouldBeTrue();
    }
}
