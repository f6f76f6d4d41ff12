using System.Globalization;
using Portal.Domain.Data;
using Portal.Testing;

namespace Portal.Database.Tests.Outcomes;

/// <summary>Published price lists over outcomes, with figures worked out by hand.</summary>
public sealed class OutcomeTemplatesTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private const string PerConversation = """
        {"product":"support","settlement":"P1D","rules":[{"if":{"event":"conversation.started"},"then":"billable","reason":"per conversation"}]}
        """;

    // Fin: $29 a month and $0.99 for each resolution. January: one confirmed, one assumed, one escalated, one reopened. The first invoice is
    // the base; February's adds 2 × 0.99 to it, 30.98. The work of all four cost 4 × $0.001.
    [Fact]
    public async Task Fin_bills_its_base_and_each_resolution_and_all_work_costs()
    {
        await using var world = await OutcomeWorld.StartAsync(postgres, subscribe: false);
        await PriceAsync(world, """{"model":"per_unit","amount":"0.99"}""");
        await world.Portal.SellAsync();
        await world.SubscribeAsync(amount: "29.00");
        await world.ToAsync("2030-01-10T10:10:00Z");
        await TalkAsync(world);
        await world.ToAsync("2030-02-03T00:00:00Z");
        (await world.LeftAsync()).ShouldBe(1000m);
        (await world.BillsAsync()).ShouldBe(["per_resolution/c1/1 2030-01-17 10:01:00", "per_resolution/c2/1 2030-01-18 10:01:00"]);
        (await world.Portal.Source.ListAsync(
            "select total from invoices where state <> 'draft' order by bill_at", row => row.GetDecimal(0), CancellationToken.None)).ShouldBe([29.00m, 30.98m]);
        (await world.Portal.ScalarAsync("select sum(cost) from events where type = 'llm.completion'")).ShouldBe(0.004m);
        (await world.CaseAsync("c3")).Case.Reason.ShouldBe("escalated");
        (await world.CaseAsync("c4")).Case.State.ShouldBe("pending");
    }

    // Decagon: one product by conversation or by resolution. The same four cases: four conversations, the first two at 0.50 and the others at
    // 0.40, are 1.80; two resolutions at 0.50 are 1.00.
    [Theory]
    [InlineData("per_conversation", "1.80")]
    [InlineData("per_resolution", "1.00")]
    public async Task Decagon_bills_one_product_per_conversation_or_per_resolution(string rule, string expected)
    {
        await using var world = await OutcomeWorld.StartAsync(postgres, subscribe: false);
        await PriceAsync(world, """{"model":"graduated","tiers":[{"up_to":"2","unit_amount":"0.50"},{"unit_amount":"0.40"}]}""");
        await world.PublishAsync(PerConversation, "per_conversation");
        await world.ToAsync("2030-01-02T00:00:00Z");
        await world.SubscribeAsync($$"""{"support":"{{rule}}"}""");
        await world.ToAsync("2030-01-10T10:10:00Z");
        await TalkAsync(world);
        await world.ToAsync("2030-01-31T00:00:00Z");
        (await world.LeftAsync()).ShouldBe(1000m);
        (await world.Portal.BalanceAsync(world.Tenant, "unbilled", "USD")).ShouldBe(decimal.Parse(expected, CultureInfo.InvariantCulture));
    }

    private static Task PriceAsync(OutcomeWorld world, string price) => world.Portal.ExecuteAsync($$"""
        insert into rate_card_versions (card, version, effective_at, catalogue_version, published_at, rates) values ('default', 3, '2020-01-03', 1, now(), '[
          {"meter":"resolutions","match":{},"unit":"USD","price":{{price}}}]');
        update platform set catalogue_version = catalogue_version + 1
        """);

    // Confirmed, assumed after a day of silence, escalated, and reopened after it was resolved; each with a thousand tokens of work.
    private static async Task TalkAsync(OutcomeWorld world)
    {
        foreach (var name in new[] { "c1", "c2", "c3", "c4" })
            await world.SendAsync(world.Event("conversation.started", "2030-01-10T10:00:00Z", name), world.Tokens("2030-01-10T10:00:30Z", name));
        await world.SendAsync(
            world.Event("conversation.resolved", "2030-01-10T10:01:00Z"), world.Event("agent.answered", "2030-01-10T10:01:00Z", "c2"),
            world.Event("conversation.escalated", "2030-01-10T10:02:00Z", "c3"), world.Event("conversation.resolved", "2030-01-10T10:01:00Z", "c4"),
            world.Event("conversation.reopened", "2030-01-10T10:05:00Z", "c4"));
    }
}
