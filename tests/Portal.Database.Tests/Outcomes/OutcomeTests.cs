using Microsoft.Extensions.DependencyInjection;
using Portal.Domain.Metering.Corrections;
using Portal.Domain.Metering.Intake;
using Portal.Domain.Outcomes;
using Portal.Domain.Subscriptions;
using Portal.Testing;

namespace Portal.Database.Tests.Outcomes;

/// <summary>Cases from their events to their bills, with the test clock.</summary>
public sealed class OutcomeTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    // Resolved on 10 January at 10:05 and billed seven days later, once. Reopened in February: credited back in February. Resolved
    // again on 3 February and billed again on the 10th, as the second bill of the case.
    [Fact]
    public async Task Case_43_outcome_reopened_next_month_reverses_reported_twice_bills_once()
    {
        await using var world = await OutcomeWorld.StartAsync(postgres);
        await world.ToAsync("2030-01-10T10:10:00Z");
        var resolved = world.Event("conversation.resolved", "2030-01-10T10:05:00Z", id: "r1");
        await world.SendAsync(world.Event("conversation.started", "2030-01-10T10:00:00Z"), world.Tokens("2030-01-10T10:01:00Z"), resolved, resolved);
        await world.SendAsync(resolved);
        await world.SendAsync(world.Event("conversation.resolved", "2030-01-10T10:06:00Z", id: "r2"));
        (await world.LeftAsync()).ShouldBe(1000m);
        (await world.CaseAsync()).Case.ShouldSatisfyAllConditions(
            one => one.State.ShouldBe("settling"), one => one.Reason.ShouldBe("confirmed"), one => one.Events.ShouldBe(4),
            one => one.SettlesAt.ShouldBe(OutcomeWorld.At("2030-01-17T10:05:00Z")));

        await world.ToAsync("2030-01-17T10:04:59Z");
        (await world.BillsAsync()).ShouldBeEmpty();
        await world.ToAsync("2030-01-31T00:00:00Z");
        (await world.LeftAsync()).ShouldBe(990m);
        (await world.BillsAsync()).ShouldBe(["per_resolution/c1/1 2030-01-17 10:05:00"]);

        await world.ToAsync("2030-02-02T09:00:00Z");
        await world.SendAsync(world.Event("conversation.reopened", "2030-02-02T08:59:00Z"));
        (await world.LeftAsync()).ShouldBe(1000m);
        (await world.CaseAsync()).Case.ShouldSatisfyAllConditions(
            one => one.State.ShouldBe("pending"), one => one.BilledEvent.ShouldBeNull(), one => one.ReversedAt.ShouldNotBeNull());
        (await world.Portal.ScalarAsync(
            "select to_char(x.book_date, 'YYYY-MM') from ledger_transactions x where kind = 'void'")).ShouldBe("2030-02"); // the month of the reversal

        await world.SendAsync(world.Event("conversation.resolved", "2030-02-02T09:04:00Z"));
        await world.ToAsync("2030-03-01T00:00:00Z");
        (await world.LeftAsync()).ShouldBe(990m);
        (await world.BillsAsync()).ShouldBe(["per_resolution/c1/1 2030-01-17 10:05:00", "per_resolution/c1/2 2030-02-09 09:04:00"]);
    }

    [Fact]
    public async Task Cases_open_under_the_rule_of_the_plan_that_was_had_when_they_began()
    {
        await using var world = await OutcomeWorld.StartAsync(postgres, subscribe: false);
        var subscription = await world.SubscribeAsync("null");
        await world.ToAsync("2030-01-10T00:00:00Z");
        await world.PutPlanAsync("""{"support":"per_resolution"}""");
        (await world.Portal.Wallets.RunAsync(
            world.Tenant, wallet => SubscriptionChange.MakeAsync(wallet, subscription.Id, new SubscriptionChange { Plan = "pro" }))).Succeeded.ShouldBeTrue();
        await world.ToAsync("2030-01-11T00:00:00Z");
        await world.Portal.SendAsync(world.Event("conversation.started", "2030-01-09T10:00:00Z", "early"), world.Event("conversation.started", "2030-01-10T10:00:00Z", "later"));
        (await world.Portal.ScalarAsync("select string_agg(case_key, ',') from outcome_cases")).ShouldBe("later");
    }

    [Fact]
    public async Task Voiding_what_decided_a_case_decides_it_anew()
    {
        await using var world = await OutcomeWorld.StartAsync(postgres);
        await world.ToAsync("2030-01-10T10:10:00Z");
        await world.SendAsync(world.Event("conversation.started", "2030-01-10T10:00:00Z"), world.Event("conversation.resolved", "2030-01-10T10:05:00Z", id: "r1"));
        await world.ToAsync("2030-01-31T00:00:00Z");
        (await world.LeftAsync()).ShouldBe(990m);
        var source = (string)(await world.Portal.ScalarAsync("select source from events where event_id = 'r1'"))!;
        var voided = await world.Portal.Wallets.RunAsync(world.Tenant, wallet => world.Portal.Services
            .GetRequiredService<UsageCorrections>().VoidAsync(wallet, source, "r1", "Sent by mistake."));
        voided.Succeeded.ShouldBeTrue(voided.Problem?.ToString());
        (await world.LeftAsync()).ShouldBe(1000m);
        (await world.CaseAsync()).Case.ShouldSatisfyAllConditions(one => one.State.ShouldNotBe("billed"), one => one.BilledEvent.ShouldBeNull());
    }

    [Fact]
    public async Task Reopened_within_the_settlement_period_does_not_bill()
    {
        await using var world = await OutcomeWorld.StartAsync(postgres);
        await world.ToAsync("2030-01-10T10:10:00Z");
        await world.SendAsync(world.Event("conversation.resolved", "2030-01-10T10:05:00Z"));
        await world.ToAsync("2030-01-17T10:04:00Z");
        await world.SendAsync(world.Event("conversation.reopened", "2030-01-17T10:04:00Z"));
        await world.ToAsync("2030-02-10T00:00:00Z");
        (await world.LeftAsync()).ShouldBe(1000m);
        (await world.CaseAsync()).Case.State.ShouldBe("pending");

        // Nothing for thirty days after 17 January 10:04.
        await world.ToAsync("2030-02-16T10:04:00Z");
        (await world.CaseAsync()).Case.ShouldSatisfyAllConditions(one => one.State.ShouldBe("rejected"), one => one.Reason.ShouldBe("abandoned"));
        (await world.BillsAsync()).ShouldBeEmpty();
        await world.Portal.Source.ShouldBalanceAsync();
    }

    // Answered on 10 January 10:00, silent until the 11th 10:00, settled on the 18th 10:00.
    [Fact]
    public async Task Silence_is_assumed_to_be_a_resolution_and_work_does_not_break_it()
    {
        await using var world = await OutcomeWorld.StartAsync(postgres);
        await world.ToAsync("2030-01-10T10:10:00Z");
        await world.SendAsync(world.Event("agent.answered", "2030-01-10T10:00:00Z"), world.Tokens("2030-01-10T10:00:30Z"));
        await world.ToAsync("2030-01-11T09:59:59Z");
        (await world.CaseAsync()).Case.State.ShouldBe("pending");
        await world.ToAsync("2030-01-11T10:00:00Z");
        (await world.CaseAsync()).Case.ShouldSatisfyAllConditions(
            one => one.State.ShouldBe("settling"), one => one.Reason.ShouldBe("assumed"), one => one.Line.ShouldBe(3),
            one => one.DecidedBy.Count.ShouldBe(1));
        await world.ToAsync("2030-01-20T00:00:00Z");
        (await world.BillsAsync()).ShouldBe(["per_resolution/c1/1 2030-01-18 10:00:00"]);
        (await world.LeftAsync()).ShouldBe(990m);
    }

    // A thousand tokens are 1 credit and cost 0.001. In a case that is open, or that they would open, they come to their cost alone; a hold
    // for them reserves nothing. Without a case they are rated as ever. Nothing is kept of an estimate.
    [Fact]
    public async Task An_estimate_of_work_in_a_case_is_its_cost_alone()
    {
        await using var world = await OutcomeWorld.StartAsync(postgres);
        await world.ToAsync("2030-01-10T10:10:00Z");
        await world.SendAsync(world.Event("conversation.started", "2030-01-10T10:00:00Z"));
        foreach (var (one, credits) in new[] { ("c1", 0m), ("new", 0m), ((string?)null, 3m) })
        {
            var estimated = await world.Portal.Intake.EstimateAsync(
                System.Text.Encoding.UTF8.GetBytes(world.Tokens("2030-01-10T10:01:00Z", one)), 3, null, CancellationToken.None);
            (estimated.Value.Credits, estimated.Value.Cost, estimated.Value.Usage.Rating!.Rated).ShouldBe((credits, 0.003m, true));
        }

        (await world.Portal.ScalarAsync("select string_agg(case_key || ' ' || events, ',') from outcome_cases")).ShouldBe("c1 1");
        (await world.LeftAsync()).ShouldBe(1000m);
    }

    [Fact]
    public async Task The_work_of_a_case_is_rated_for_its_cost_alone_and_other_work_as_ever()
    {
        await using var world = await OutcomeWorld.StartAsync(postgres);
        await world.ToAsync("2030-01-10T10:10:00Z");
        await world.SendAsync(world.Event("conversation.escalated", "2030-01-10T10:00:00Z"), world.Tokens("2030-01-10T10:00:30Z"));
        (await world.LeftAsync()).ShouldBe(1000m);
        (await world.Portal.ScalarAsync("select sum(cost) from events where type = 'llm.completion'")).ShouldBe(0.001m);
        await world.SendAsync(world.Tokens("2030-01-10T10:00:40Z", @case: null));
        (await world.LeftAsync()).ShouldBe(999m);
        (await world.CaseAsync()).Case.ShouldSatisfyAllConditions(one => one.State.ShouldBe("rejected"), one => one.Reason.ShouldBe("escalated"), one => one.Events.ShouldBe(2));
    }

    [Fact]
    public async Task Without_a_rule_of_the_plan_a_case_is_a_property_like_any_other()
    {
        await using var world = await OutcomeWorld.StartAsync(postgres, subscribe: false);
        await world.ToAsync("2030-01-10T10:10:00Z");
        var taken = await world.Portal.SendAsync(world.Event("conversation.resolved", "2030-01-10T10:00:00Z"), world.Tokens("2030-01-10T10:00:30Z"));
        taken.Select(usage => usage.Status).ShouldBe([EventStatus.Unrated, EventStatus.Accepted]);
        (await world.Portal.ScalarAsync("select count(*) from outcome_cases")).ShouldBe(0L);
        (await world.LeftAsync()).ShouldBe(999m);
    }

    [Fact]
    public async Task Month_by_month_bills_what_a_year_at_once_bills()
    {
        foreach (var step in new[] { false, true })
        {
            await using var world = await OutcomeWorld.StartAsync(postgres);
            await world.ToAsync("2030-01-10T10:10:00Z");
            for (var i = 0; i < 5; i++)
                await world.SendAsync(world.Event(i % 2 == 0 ? "agent.answered" : "conversation.resolved", $"2030-01-0{i + 5}T10:00:00Z", $"c{i}"));
            for (var month = 2; step && month <= 12; month++) await world.ToAsync($"2030-{month:00}-01T00:00:00Z");
            await world.ToAsync("2031-01-10T00:00:00Z");
            (await world.LeftAsync()).ShouldBe(950m);
            var bills = await world.BillsAsync();

            // Answered on the 5th, 7th and 9th and silent for a day; resolved on the 6th and 8th; settled seven days later.
            (await world.BillsAsync()).ShouldBe(
            [
                "per_resolution/c0/1 2030-01-13 10:00:00", "per_resolution/c1/1 2030-01-13 10:00:00", "per_resolution/c2/1 2030-01-15 10:00:00",
                "per_resolution/c3/1 2030-01-15 10:00:00", "per_resolution/c4/1 2030-01-17 10:00:00",
            ]);
        }
    }

    [Fact]
    public async Task The_rule_and_its_version_are_fixed_when_the_case_opens()
    {
        await using var world = await OutcomeWorld.StartAsync(postgres);
        await world.ToAsync("2030-01-10T10:10:00Z");
        await world.SendAsync(world.Event("conversation.started", "2030-01-10T10:00:00Z"));
        await world.PublishAsync("""
            {"product":"support","settlement":"P1D","rules":[{"if":{"event":"conversation.started"},"then":"billable","reason":"per conversation"}]}
            """);
        await world.ToAsync("2030-01-11T10:10:00Z");
        await world.SendAsync(world.Event("conversation.started", "2030-01-11T10:00:00Z", "c2"), world.Event("customer.wrote", "2030-01-11T10:00:00Z"));
        await world.ToAsync("2030-01-13T00:00:00Z");
        (await world.CaseAsync()).Case.ShouldSatisfyAllConditions(one => one.State.ShouldBe("pending"), one => one.RuleVersion.ShouldBe(1));
        (await world.CaseAsync("c2")).Case.ShouldSatisfyAllConditions(one => one.State.ShouldBe("billed"), one => one.RuleVersion.ShouldBe(2));
        (await world.LeftAsync()).ShouldBe(990m);
    }

    [Fact]
    public async Task A_case_goes_on_after_its_subscription_and_no_other_opens()
    {
        await using var world = await OutcomeWorld.StartAsync(postgres, subscribe: false);
        var subscription = await world.SubscribeAsync();
        await world.ToAsync("2030-01-10T10:10:00Z");
        await world.SendAsync(world.Event("conversation.started", "2030-01-10T10:00:00Z"));
        await world.Portal.Wallets.RunAsync(world.Tenant, wallet => SubscriptionChange.MakeAsync(wallet, subscription.Id, new SubscriptionChange(Cancel: "now")));
        await world.ToAsync("2030-01-11T10:10:00Z");
        var taken = await world.Portal.SendAsync(world.Event("conversation.resolved", "2030-01-11T10:00:00Z"), world.Event("conversation.resolved", "2030-01-11T10:00:00Z", "c2"));
        taken.Select(usage => usage.Status).ShouldBe([EventStatus.Accepted, EventStatus.Unrated]);
        await world.ToAsync("2030-01-18T10:00:00Z");
        (await world.LeftAsync()).ShouldBe(990m);
    }

    [Fact]
    public async Task An_accepted_dispute_voids_and_a_second_decision_is_refused()
    {
        await using var world = await OutcomeWorld.StartAsync(postgres);
        await world.ToAsync("2030-01-10T10:10:00Z");
        await world.SendAsync(world.Event("conversation.resolved", "2030-01-10T10:00:00Z"));
        await world.ToAsync("2030-01-18T00:00:00Z");
        (await world.LeftAsync()).ShouldBe(990m);
        (await DecideAsync(world, accept: true)).Problem!.Code.ShouldBe("case_not_disputed");
        (await DisputeAsync(world, " ")).Problem!.Code.ShouldBe("invalid_reason");
        (await DisputeAsync(world, "It was not solved.")).Value.Dispute.ShouldBe("open");
        (await DisputeAsync(world, "Again.")).Problem!.Code.ShouldBe("case_disputed");
        var decided = (await DecideAsync(world, accept: true)).Value;
        (decided.State, decided.Reason, decided.Dispute).ShouldBe(("rejected", "disputed", "accepted"));
        (await DecideAsync(world, accept: false)).Problem!.Code.ShouldBe("dispute_decided");
        (await world.LeftAsync()).ShouldBe(1000m);

        // It bills no more.
        await world.SendAsync(world.Event("conversation.resolved", "2030-01-17T23:59:00Z"));
        await world.ToAsync("2030-02-18T00:00:00Z");
        (await world.LeftAsync()).ShouldBe(1000m);
    }

    [Fact]
    public async Task A_rejected_dispute_changes_nothing()
    {
        await using var world = await OutcomeWorld.StartAsync(postgres);
        await world.ToAsync("2030-01-10T10:10:00Z");
        await world.SendAsync(world.Event("conversation.resolved", "2030-01-10T10:00:00Z"));
        (await DisputeAsync(world, "It was not solved.")).Succeeded.ShouldBeTrue();
        (await DecideAsync(world, accept: false)).Value.Dispute.ShouldBe("rejected");
        await world.ToAsync("2030-01-18T00:00:00Z");
        (await world.LeftAsync()).ShouldBe(990m);
    }

    // All orders of arrival of four events: resolved, reopened, resolved again, and tokens.
    [Fact]
    public async Task Any_order_of_arrival_gives_the_same_bill()
    {
        await using var world = await OutcomeWorld.StartAsync(postgres);
        await world.ToAsync("2030-01-10T10:10:00Z");
        var number = 0;
        foreach (var order in Orders([0, 1, 2, 3]))
        {
            var name = $"o{number++}";
            string[] events =
            [
                world.Event("conversation.resolved", "2030-01-08T10:00:00Z", name), world.Event("conversation.reopened", "2030-01-09T10:00:00Z", name),
                world.Event("conversation.resolved", "2030-01-10T09:00:00Z", name), world.Tokens("2030-01-08T09:00:00Z", name),
            ];
            foreach (var i in order) await world.SendAsync(events[i]);
        }

        await world.ToAsync("2030-02-01T00:00:00Z");
        (await world.LeftAsync()).ShouldBe(1000m - (24m * 10m));
        (await world.BillsAsync()).ShouldAllBe(bill => bill.EndsWith("/1 2030-01-17 09:00:00", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Nobody_else_sends_under_the_engines_source()
    {
        await using var world = await OutcomeWorld.StartAsync(postgres);
        var forged = world.Event("outcome.support", "2030-01-01T00:00:00Z", id: "per_resolution/c1/1").Replace("\"desk\"", "\"outcomes\"", StringComparison.Ordinal);
        (await world.Portal.SendAsync(forged))[0].Problem!.Code.ShouldBe("reserved_source");
    }

    private static IEnumerable<int[]> Orders(int[] items) => items.Length == 1
        ? [items]
        : items.SelectMany(first => Orders([.. items.Where(item => item != first)]).Select(rest => (int[])[first, .. rest]));

    private static Task<Portal.Domain.Kernel.Result<OutcomeCase>> DisputeAsync(OutcomeWorld world, string reason) =>
        world.Portal.Wallets.RunAsync(world.Tenant, wallet => Disputes.OpenAsync(wallet, "c1", product: null, reason));

    private static Task<Portal.Domain.Kernel.Result<OutcomeCase>> DecideAsync(OutcomeWorld world, bool accept) =>
        world.Portal.Wallets.RunAsync(world.Tenant, wallet => Disputes.DecideAsync(wallet, "c1", product: null, accept, "We looked."));
}
