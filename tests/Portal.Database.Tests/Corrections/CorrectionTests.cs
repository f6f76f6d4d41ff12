using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Portal.Domain.Kernel;
using Portal.Domain.Metering;
using Portal.Domain.Metering.Corrections;
using Portal.Domain.Metering.Intake;
using Portal.Domain.Revenue;
using Portal.Domain.Tenants;
using Portal.Domain.Wallet;
using Portal.Testing;

namespace Portal.Database.Tests.Corrections;

/// <summary>Void and amend: a thousand tokens in of <c>small</c> are a credit and cost $0.001, of <c>large</c> ten credits and $0.01.</summary>
public sealed class CorrectionTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>, IAsyncLifetime
{
    private TestPortal portal = null!;
    private long acme;

    public async Task InitializeAsync()
    {
        portal = await TestPortal.StartAsync(postgres);
        acme = await portal.AddTenantAsync("acme", "UTC", "team");
    }

    public async Task DisposeAsync()
    {
        await portal.Source.ShouldBalanceAsync();
        await portal.DisposeAsync();
    }

    [Fact]
    public async Task Case_16_void_unwinds_last_in_first_out_to_the_original_lots()
    {
        var first = await portal.GrantAsync(acme, 10m, value: 10m, priority: 10);
        var second = await portal.GrantAsync(acme, 10m, value: 5m, priority: 20);
        await UseAsync("a", 4_000);
        await UseAsync("b", 9_000); // 6 of the first, 3 of the second
        await UseAsync("c", 2_000); // 2 of the second

        var done = await VoidAsync("b");

        done.ShouldSatisfyAllConditions(() => done.Returned.ShouldBe(9m), () => done.Credits.ShouldBe(0m), () => done.Revenue.ShouldBe(0m));
        (await RemainingAsync(first.Id), await RemainingAsync(second.Id)).ShouldBe((6m, 8m));
        (await portal.BalanceAsync(acme, "consumed:llm")).ShouldBe(6m);
        (await portal.BalanceAsync(acme, "revenue:usage", "USD")).ShouldBe(-5m); // 4 × 1.00 + 2 × 0.50
        (await portal.BalanceAsync(acme, "deferred:credits", "USD")).ShouldBe(-10m);
        (await portal.BalanceAsync(acme, "cogs:vendor", "USD")).ShouldBe(0.015m, "the work was done: its cost stays");
        (await ExplainAsync("b")).ShouldSatisfyAllConditions(
            e => e.Status.ShouldBe("voided"), e => e.Pieces.ShouldBeEmpty(), e => e.Credits.ShouldBe(0m));
        (await UseAsync("b", 9_000)).Status.ShouldBe(EventStatus.Duplicate, "a voided event keeps its identity");
    }

    [Fact]
    public async Task An_event_that_never_happened_gives_its_cost_back()
    {
        await portal.GrantAsync(acme, 10m);
        await UseAsync("a", 4_000);

        await VoidAsync("a", happened: false);

        (await portal.BalanceAsync(acme, "cogs:vendor", "USD")).ShouldBe(0m);
        (await portal.ScalarAsync("select sum(cost) from usage_hourly")).ShouldBe(0m);
        (await portal.ScalarAsync("select sum(events)::int from usage_hourly")).ShouldBe(0);
    }

    [Fact]
    public async Task A_cost_that_nobody_knows_leaves_with_the_event_that_never_happened()
    {
        await portal.GrantAsync(acme, 10m);
        await UseAsync("a", 4_000, "costless");
        await VoidAsync("a", happened: false);
        (await portal.ScalarAsync("select sum(cost_unknown)::int from usage_hourly")).ShouldBe(0);
    }

    [Fact]
    public async Task Amending_down_returns_the_last_drawn_first_and_amending_up_draws_more()
    {
        var first = await portal.GrantAsync(acme, 10m, value: 10m, priority: 10);
        var second = await portal.GrantAsync(acme, 10m, value: 5m, priority: 20);
        await UseAsync("a", 14_000); // 10 and 4

        var down = await AmendAsync("a", """{"model":"small","input_tokens":8000}""");
        (down.Returned, down.Drawn, down.Credits).ShouldBe((6m, 0m, 8m)); // 4 of the second, then 2 of the first
        (await RemainingAsync(first.Id), await RemainingAsync(second.Id)).ShouldBe((2m, 10m));
        (await portal.BalanceAsync(acme, "revenue:usage", "USD")).ShouldBe(-8m);
        (await portal.BalanceAsync(acme, "cogs:vendor", "USD")).ShouldBe(0.008m);

        var up = await AmendAsync("a", """{"model":"small","input_tokens":13000}""");
        (up.Returned, up.Drawn, up.Credits).ShouldBe((0m, 5m, 13m)); // 2 of the first, 3 of the second
        (await RemainingAsync(first.Id), await RemainingAsync(second.Id)).ShouldBe((0m, 7m));
        (await portal.BalanceAsync(acme, "revenue:usage", "USD")).ShouldBe(-11.5m);
        var explained = await ExplainAsync("a");
        explained.Pieces.Select(piece => (piece.GrantId, piece.Credits, piece.Value)).ShouldBe([(first.Id, 8m, 8m), (first.Id, 2m, 2m), (second.Id, 3m, 1.5m)]);
        (explained.Status, explained.Credits, explained.Revenue).ShouldBe(("amended", 13m, 11.5m));

        (await VoidAsync("a")).Returned.ShouldBe(13m);
        (await RemainingAsync(first.Id), await RemainingAsync(second.Id)).ShouldBe((10m, 10m));
        (await portal.BalanceAsync(acme, "deferred:credits", "USD")).ShouldBe(-15m);
    }

    [Fact]
    public async Task Another_model_moves_the_figures_of_its_hour()
    {
        await portal.GrantAsync(acme, 100m, value: 100m);
        await UseAsync("a", 2_000);

        await AmendAsync("a", """{"model":"large","input_tokens":1000}"""); // 2 credits become 10

        (await portal.ScalarAsync("select sum(credits) from usage_hourly where model = 'small'")).ShouldBe(0m);
        (await portal.ScalarAsync("select sum(revenue) from usage_hourly where model = 'large'")).ShouldBe(10m);
        (await portal.ScalarAsync("select sum(events)::int from usage_hourly where model = 'large'")).ShouldBe(1);
        (await portal.ScalarAsync("select sum(cost) from usage_hourly where model = 'large'")).ShouldBe(0.01m);
    }

    [Fact]
    public async Task A_void_takes_open_debt_off_and_leaves_its_neighbours_debt()
    {
        await portal.GrantAsync(acme, 1m);
        await portal.SendAsync(
            TestPortal.Usage("acme", "a", 3_000), TestPortal.Usage("acme", "b", 4_000), TestPortal.Usage("acme", "c", 5_000)); // 1 drawn, 11 owed: a 2, b 4, c 5
        await VoidAsync("b");
        (await portal.BalanceAsync(acme, "debt:shared")).ShouldBe(-7m);

        await portal.GrantAsync(acme, 7m, value: 7m); // settles a's 2 and c's 5
        (await ExplainAsync("a")).Revenue.ShouldBe(2m);
        (await ExplainAsync("b")).Revenue.ShouldBe(0m);
        (await ExplainAsync("c")).Revenue.ShouldBe(5m);
        (await portal.BalanceAsync(acme, "debt:shared")).ShouldBe(0m);
    }

    [Fact]
    public async Task An_event_whose_debt_was_settled_since_goes_back_to_the_grant_that_settled_it()
    {
        await UseAsync("a", 5_000);
        var settling = await portal.GrantAsync(acme, 3m, value: 6m); // 3 of the 5
        await VoidAsync("a");

        (await RemainingAsync(settling.Id)).ShouldBe(3m);
        (await portal.BalanceAsync(acme, "debt:shared")).ShouldBe(0m);
        (await portal.BalanceAsync(acme, "revenue:usage", "USD")).ShouldBe(0m);
        (await portal.BalanceAsync(acme, "deferred:credits", "USD")).ShouldBe(-6m);
    }

    [Fact]
    public async Task What_comes_back_settles_debts_that_others_have()
    {
        await portal.GrantAsync(acme, 5m, value: 5m);
        await UseAsync("a", 5_000);
        await UseAsync("b", 3_000); // debt of 3
        await VoidAsync("a");

        (await portal.BalanceAsync(acme, "debt:shared")).ShouldBe(0m);
        (await portal.BalanceAsync(acme, "pool:shared")).ShouldBe(2m);
        (await ExplainAsync("b")).Revenue.ShouldBe(3m);
    }

    [Theory]
    [InlineData("expire", 0, 4, 4)]
    [InlineData("regrant", 4, 0, 0)]
    public async Task Into_an_expired_grant_the_platform_says_what_happens(string setting, int pool, int expired, int breakage)
    {
        await portal.ExecuteAsync($"update platform set returned_credits = '{setting}'");
        await portal.GrantAsync(acme, 4m, value: 4m, expiresAt: DateTimeOffset.UtcNow.AddHours(1));
        await UseAsync("a", 4_000);
        await portal.AdvanceAsync(TimeSpan.FromHours(2));
        await VoidAsync("a");

        (await portal.BalanceAsync(acme, "pool:shared")).ShouldBe(pool);
        (await portal.BalanceAsync(acme, "expired")).ShouldBe(expired);
        (await portal.BalanceAsync(acme, "revenue:breakage", "USD")).ShouldBe(-breakage);
        (await portal.BalanceAsync(acme, "revenue:usage", "USD")).ShouldBe(0m);
        if (setting == "expire") return;
        (await portal.ScalarAsync("select source || lineage || value::numeric(9,2) from grants where parent_id is not null")).ShouldBe("refundrestored4.00");
        await portal.AdvanceAsync(TimeSpan.FromDays(30));
        await portal.Wallets.SettleAsync(acme);
        (await portal.BalanceAsync(acme, "pool:shared")).ShouldBe(0m);
    }

    [Fact]
    public async Task Only_part_of_a_debt_that_was_settled_comes_back_when_amended()
    {
        await UseAsync("a", 6_000); // owes 6
        var settling = await portal.GrantAsync(acme, 4m, value: 8m); // settles the first 4
        await AmendAsync("a", """{"model":"small","input_tokens":3000}"""); // off come 2 open, then 1 settled

        (await RemainingAsync(settling.Id)).ShouldBe(1m);
        (await portal.BalanceAsync(acme, "debt:shared")).ShouldBe(0m);
        (await portal.BalanceAsync(acme, "revenue:usage", "USD")).ShouldBe(-6m);
        await AmendAsync("a", """{"model":"small","input_tokens":9000}"""); // 1 from the grant, 5 owed
        await portal.GrantAsync(acme, 5m, value: 5m);
        (await ExplainAsync("a")).Revenue.ShouldBe(13m); // 8 + 5
    }

    [Fact]
    public async Task Refused_corrections_change_nothing()
    {
        await portal.GrantAsync(acme, 10m);
        await UseAsync("a", 1_000, consumer: "ana");
        var before = await portal.ScalarAsync("select count(*) from ledger_transactions");

        (await TryVoidAsync("none")).Problem!.Code.ShouldBe("unknown_event");
        (await TryVoidAsync("a", reason: " ")).Problem!.Code.ShouldBe("invalid_reason");
        (await TryAmendAsync("a", """{"model":"small","input_tokens":-1}""")).Succeeded.ShouldBeFalse();
        (await TryAmendAsync("a", """{"model":"unheard","input_tokens":1}""")).Problem!.Code.ShouldBe("amended_unrated");
        (await TryAmendAsync("a", """{"model":"small","input_tokens":1,"consumer":"ben"}""")).Problem!.Code.ShouldBe("attribution_changed");
        (await TryAmendAsync("a", """{"model":"small","input_tokens":1,"pool":"team"}""")).Problem!.Code.ShouldBe("attribution_changed");
        (await TryAmendAsync("a", "[]")).Problem!.Code.ShouldBe("invalid_data");
        (await portal.ScalarAsync("select count(*) from ledger_transactions")).ShouldBe(before);

        await VoidAsync("a");
        (await TryVoidAsync("a")).Problem!.Code.ShouldBe("event_voided");
        (await TryAmendAsync("a", """{"model":"small","input_tokens":1}""")).Problem!.Code.ShouldBe("event_voided");
    }

    [Fact]
    public async Task An_event_from_a_pool_that_was_closed_since_goes_where_the_setting_says()
    {
        await portal.GrantAsync(acme, 5m, value: 5m, pool: "team");
        await UseAsync("a", 5_000, pool: "team");
        (await portal.Wallets.RunAsync(acme, wallet => PoolSettings.CloseAsync(wallet, "team"))).Succeeded.ShouldBeTrue();
        await AmendAsync("a", """{"model":"small","input_tokens":7000}"""); // 2 more: owed by the shared pool
        (await portal.BalanceAsync(acme, "debt:shared")).ShouldBe(-2m);
        await VoidAsync("a");
        (await portal.BalanceAsync(acme, "expired")).ShouldBe(5m);
        (await portal.BalanceAsync(acme, "debt:shared")).ShouldBe(0m);
    }

    [Fact]
    public async Task Thirds_of_a_cent_come_back_exactly()
    {
        await portal.GrantAsync(acme, 3m, value: 0.01m);
        foreach (var id in new[] { "a", "b", "c" }) await UseAsync(id, 1_000);
        foreach (var id in new[] { "b", "a", "c" }) await VoidAsync(id);
        (await portal.BalanceAsync(acme, "deferred:credits", "USD")).ShouldBe(-0.01m);
        (await portal.BalanceAsync(acme, "revenue:usage", "USD")).ShouldBe(0m);
    }

    private async Task<UsageEvent> UseAsync(string id, long tokens, string model = "small", string? pool = null, string? consumer = null) =>
        (await portal.SendAsync(TestPortal.Usage("acme", id, tokens, model: model, pool: pool, consumer: consumer, at: Noon))).Single();

    private static readonly DateTimeOffset Noon = DateTimeOffset.UtcNow.AddMinutes(-10);

    private async Task<UsageCorrection> VoidAsync(string id, bool happened = true) => (await TryVoidAsync(id, happened: happened)).Value;

    private Task<Result<UsageCorrection>> TryVoidAsync(string id, string reason = "Wrong", bool happened = true) =>
        portal.Wallets.RunAsync(acme, wallet => Corrections.VoidAsync(wallet, "test", id, reason, happened));

    private async Task<UsageCorrection> AmendAsync(string id, string data) => (await TryAmendAsync(id, data)).Value;

    private Task<Result<UsageCorrection>> TryAmendAsync(string id, string data) =>
        portal.Wallets.RunAsync(acme, wallet => Corrections.AmendAsync(wallet, "test", id, JsonDocument.Parse(data).RootElement, "Counted twice"));

    private UsageCorrections Corrections => portal.Services.GetRequiredService<UsageCorrections>();

    private async Task<ExplainedEvent> ExplainAsync(string id) =>
        (await EventQuery.ExplainAsync(portal.Source, acme, EventIdentity.KeyOf("test", id), CancellationToken.None))!;

    private async Task<decimal> RemainingAsync(Guid grant) => (decimal)(await portal.ScalarAsync($"select remaining from grants where id = '{grant}'"))!;
}
