using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Portal.Domain.Metering.Corrections;
using Portal.Domain.Metering.Explaining;
using Portal.Domain.Metering.Intake;
using Portal.Domain.Outcomes;
using Portal.Testing;

namespace Portal.Database.Tests.Outcomes;

/// <summary>Cases whatever comes in between: new names, broken meters, corrections, many events, any order.</summary>
public sealed class CaseIntegrityTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    // The rule as the specification writes it: no line of its own for what is reopened.
    private const string Published = """
        {"product":"support","case":"case","settlement":"P7D","abandon_after":"P30D","rules":[
          {"if":{"event":"conversation.escalated"},"then":"not_billable","reason":"escalated"},
          {"if":{"event":"conversation.resolved"},"then":"billable","reason":"confirmed"},
          {"if":{"silence":"P1D","after":"agent.answered"},"then":"billable","reason":"assumed"}],"else":"pending"}
        """;

    // Resolved on 5 January, told on the 20th: it settles while the batch that names Ana first is taken.
    [Fact]
    public async Task What_settles_at_once_bills_somebody_named_by_the_same_batch()
    {
        await using var world = await OutcomeWorld.StartAsync(postgres);
        await world.ToAsync("2030-01-20T10:00:00Z");
        await world.SendAsync(world.Event("conversation.resolved", "2030-01-05T10:00:00Z", more: ",\"consumer\":\"ana\",\"team\":\"desk\""));
        (await world.LeftAsync()).ShouldBe(990m);
        (await world.CaseAsync()).Case.ShouldSatisfyAllConditions(one => one.State.ShouldBe("billed"), one => one.Consumer.ShouldBe("ana"));
        (await world.Portal.ScalarAsync(
            "select c.key from events e join consumers c on c.tenant_id = e.tenant_id and c.consumer_id = e.consumer_id where e.source = 'outcomes'")).ShouldBe("ana");
        await world.SendAsync(world.Event("conversation.resolved", "2030-01-05T10:00:00Z", "c2", more: ",\"consumer\":\"ana\""));
        (await world.LeftAsync()).ShouldBe(980m);
    }

    // Nothing stands as billed without an event: the case waits, the wallet works, and a meter that is mended takes it the next day.
    [Fact]
    public async Task A_bill_that_the_meter_refuses_waits_until_it_is_taken()
    {
        await using var world = await OutcomeWorld.StartAsync(postgres);
        await MeterAsync(world, """{"event_type":"outcome.support","product":"support","aggregation":"sum","quantities":[{"property":"case"}]}""");
        await world.ToAsync("2030-01-10T10:10:00Z");
        await world.SendAsync(world.Event("conversation.resolved", "2030-01-10T10:00:00Z"));
        await world.ToAsync("2030-01-18T09:00:00Z");
        (await world.CaseAsync()).Case.ShouldSatisfyAllConditions(
            one => one.State.ShouldBe("settling"), one => one.BilledEvent.ShouldBeNull(), one => one.TimesBilled.ShouldBe(0));
        await world.SendAsync(world.Tokens("2030-01-18T08:59:00Z", @case: null));
        (await world.LeftAsync()).ShouldBe(999m);

        await MeterAsync(world, """{"event_type":"outcome.support","product":"support","aggregation":"count"}""");
        await world.ToAsync("2030-01-18T10:00:00Z");
        (await world.LeftAsync()).ShouldBe(989m);
        (await world.BillsAsync()).ShouldBe(["per_resolution/c1/1 2030-01-18 10:00:00"]);
    }

    // Billed on 17 January at 10 credits; told in February that it was reopened, or handed on.
    [Theory]
    [InlineData("conversation.reopened", "pending")]
    [InlineData("conversation.escalated", "rejected")]
    public async Task The_published_rule_reverses_a_confirmed_case(string type, string state)
    {
        await using var world = await OutcomeWorld.StartAsync(postgres, Published);
        await world.ToAsync("2030-01-10T10:10:00Z");
        await world.SendAsync(world.Event("conversation.resolved", "2030-01-10T10:00:00Z"));
        await world.ToAsync("2030-02-02T00:00:00Z");
        (await world.LeftAsync()).ShouldBe(990m);
        await world.SendAsync(world.Event(type, "2030-02-01T10:00:00Z"));
        (await world.LeftAsync()).ShouldBe(1000m);
        (await world.CaseAsync()).Case.State.ShouldBe(state);
        (await world.Portal.ScalarAsync("select to_char(book_date, 'YYYY-MM') from ledger_transactions where kind = 'void'")).ShouldBe("2030-02");
    }

    [Fact]
    public async Task The_published_rule_does_not_bill_what_is_reopened_before_it_settles()
    {
        await using var world = await OutcomeWorld.StartAsync(postgres, Published);
        await world.ToAsync("2030-01-10T10:10:00Z");
        await world.SendAsync(
            world.Event("conversation.resolved", "2030-01-09T10:00:00Z"), world.Event("conversation.reopened", "2030-01-10T10:00:00Z"),
            world.Event("agent.answered", "2030-01-09T10:00:00Z", "c2"), world.Event("conversation.reopened", "2030-01-10T10:05:00Z", "c2"));
        await world.ToAsync("2030-01-30T00:00:00Z");
        (await world.BillsAsync()).ShouldBeEmpty();
        (await world.CaseAsync()).Case.State.ShouldBe("pending");
    }

    [Fact]
    public async Task Work_of_a_case_is_explained_without_a_price()
    {
        await using var world = await OutcomeWorld.StartAsync(postgres);
        await world.ToAsync("2030-01-10T10:10:00Z");
        await world.SendAsync(world.Tokens("2030-01-10T10:00:00Z"));
        var id = (string)(await world.Portal.ScalarAsync("select event_id from events where type = 'llm.completion'"))!;
        var explained = (await world.Portal.Services.GetRequiredService<Explanations>().FindAsync(world.Tenant, EventIdentity.KeyOf("llm", id)))!;
        var quantity = explained.Quantities.ShouldHaveSingleItem();
        (quantity.Quantity, quantity.Credits, quantity.Money, quantity.Cost, quantity.Rate).ShouldBe((1000m, 0m, 0m, 0.001m, null));
        quantity.CostRate.ShouldNotBeNull();
    }

    // Resolved by a person does not bill; the event said so by mistake.
    [Fact]
    public async Task Amending_what_decides_a_case_decides_it_anew()
    {
        await using var world = await OutcomeWorld.StartAsync(postgres, """
            {"product":"support","rules":[{"if":{"event":"conversation.resolved","where":{"by":"agent"}},"then":"billable","reason":"confirmed"}]}
            """);
        await world.ToAsync("2030-01-10T10:10:00Z");
        await world.SendAsync(world.Event("conversation.resolved", "2030-01-10T10:00:00Z", id: "r1", more: ",\"by\":\"person\""));
        (await world.LeftAsync()).ShouldBe(1000m);
        await AmendAsync(world, "r1", """{"case":"c1","by":"agent"}""");
        (await world.LeftAsync()).ShouldBe(990m);
        await AmendAsync(world, "r1", """{"case":"c1","by":"person"}""");
        (await world.LeftAsync()).ShouldBe(1000m);
        (await world.CaseAsync()).Case.State.ShouldBe("pending");
    }

    // A thousand events are read; the next that would be is refused by name, one that was taken is still known, and work goes on.
    [Fact]
    public async Task A_case_is_decided_by_a_thousand_events_at_most()
    {
        await using var world = await OutcomeWorld.StartAsync(postgres);
        await world.ToAsync("2030-01-10T10:10:00Z");
        await world.SendAsync([.. Enumerable.Range(0, 999).Select(i => world.Event("customer.wrote", "2030-01-10T10:00:00Z", id: $"w{i}"))]);
        await world.SendAsync(world.Event("conversation.resolved", "2030-01-10T10:01:00Z"));
        var refused = (await world.Portal.SendAsync(world.Event("customer.wrote", "2030-01-10T10:02:00Z")))[0];
        (refused.Status, refused.Problem!.Code).ShouldBe((EventStatus.Rejected, "case_full"));
        (await world.Portal.SendAsync(world.Event("customer.wrote", "2030-01-10T10:00:00Z", id: "w7")))[0].Status.ShouldBe(EventStatus.Duplicate);
        await world.SendAsync(world.Tokens("2030-01-10T10:03:00Z"));
        await world.ToAsync("2030-01-18T00:00:00Z");
        (await world.CaseAsync()).Case.ShouldSatisfyAllConditions(one => one.State.ShouldBe("billed"), one => one.Events.ShouldBe(1001));
        (await world.LeftAsync()).ShouldBe(990m);
    }

    // The first that happened says who is billed and what rule the case opens under, whatever is told first.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Who_is_billed_does_not_depend_on_what_arrives_first(bool inOrder)
    {
        await using var world = await OutcomeWorld.StartAsync(postgres);
        await world.ToAsync("2030-01-10T10:10:00Z");
        await world.PublishAsync("""{"product":"support","rules":[{"if":{"event":"conversation.started"},"then":"billable","reason":"per conversation"}]}""");
        string[] events =
        [
            world.Event("conversation.started", "2030-01-10T10:00:00Z", more: ",\"consumer\":\"ana\""),
            world.Event("conversation.resolved", "2030-01-10T10:11:00Z", more: ",\"consumer\":\"ben\""),
        ];
        if (!inOrder) Array.Reverse(events);
        await world.SendAsync(events); // one batch: the case opens at 10:00, before the second version
        await world.SendAsync(inOrder
            ? [world.Event("conversation.resolved", "2030-01-10T10:01:00Z", "c2", more: ",\"consumer\":\"ana\"")]
            : [world.Event("agent.answered", "2030-01-10T10:02:00Z", "c2", more: ",\"consumer\":\"ben\"")]);
        await world.SendAsync(inOrder
            ? [world.Event("agent.answered", "2030-01-10T10:02:00Z", "c2", more: ",\"consumer\":\"ben\"")]
            : [world.Event("conversation.resolved", "2030-01-10T10:01:00Z", "c2", more: ",\"consumer\":\"ana\"")]);
        await world.ToAsync("2030-02-01T00:00:00Z");
        (await world.CaseAsync()).Case.ShouldSatisfyAllConditions(one => one.RuleVersion.ShouldBe(1), one => one.Consumer.ShouldBe("ana"));
        (await world.CaseAsync("c2")).Case.Consumer.ShouldBe("ana");
        (await world.BillsAsync()).ShouldBe(["per_resolution/c2/1 2030-01-17 10:01:00", "per_resolution/c1/1 2030-01-17 10:11:00"]);
    }

    [Fact]
    public async Task A_case_is_disputed_again_only_once_it_was_decided_anew()
    {
        await using var world = await OutcomeWorld.StartAsync(postgres);
        await world.ToAsync("2030-01-10T10:10:00Z");
        await world.SendAsync(world.Event("conversation.resolved", "2030-01-10T10:00:00Z"));
        (await DisputeAsync(world)).ShouldBeNull();
        (await world.Portal.Wallets.RunAsync(world.Tenant, wallet => Disputes.DecideAsync(wallet, "c1", product: null, accept: false, "We looked."))).Succeeded.ShouldBeTrue();
        await world.ToAsync("2030-01-18T00:00:00Z");
        (await DisputeAsync(world)).ShouldBe("case_disputed"); // billed since, as it was decided then
        await world.SendAsync(world.Event("conversation.reopened", "2030-01-17T23:00:00Z"));
        (await DisputeAsync(world)).ShouldBe("case_not_billed");
        await world.SendAsync(world.Event("conversation.resolved", "2030-01-17T23:30:00Z"));
        (await DisputeAsync(world)).ShouldBeNull();
        (await DisputeAsync(world)).ShouldBe("case_disputed");
    }

    private static async Task<string?> DisputeAsync(OutcomeWorld world) =>
        (await world.Portal.Wallets.RunAsync(world.Tenant, wallet => Disputes.OpenAsync(wallet, "c1", product: null, "It was not solved."))).Problem?.Code;

    private static async Task AmendAsync(OutcomeWorld world, string id, string data)
    {
        using var json = JsonDocument.Parse(data);
        var amended = await world.Portal.Wallets.RunAsync(world.Tenant, wallet => world.Portal.Services
            .GetRequiredService<UsageCorrections>().AmendAsync(wallet, "desk", id, json.RootElement, "Said wrong."));
        amended.Succeeded.ShouldBeTrue(amended.Problem?.ToString());
    }

    private static Task MeterAsync(OutcomeWorld world, string definition) => world.Portal.ExecuteAsync(
        $"update meters set definition = '{definition}' where key = 'resolutions'; update platform set catalogue_version = catalogue_version + 1");
}
