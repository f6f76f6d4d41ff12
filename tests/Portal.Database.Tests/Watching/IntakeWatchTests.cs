using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Portal.Domain.Metering.Intake;
using Portal.Domain.Metering.Watching;
using Portal.Testing;

namespace Portal.Database.Tests.Watching;

/// <summary>What operators see of the intake.</summary>
public sealed class IntakeWatchTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private static readonly DateTimeOffset Now = DateTimeOffset.UtcNow;

    private static async Task<(TestPortal Portal, IntakeCountsWriting Writing)> StartAsync(PostgresFixture postgres)
    {
        var portal = await TestPortal.StartAsync(postgres);
        await portal.GrantAsync(await portal.AddTenantAsync("acme"), 100m);
        return (portal, new IntakeCountsWriting(portal.Source, portal.Services.GetRequiredService<IntakeCounts>(), NullLogger<IntakeCountsWriting>.Instance));
    }

    private static Task<IReadOnlyList<UsageEvent>> SendOfEverythingAsync(TestPortal portal)
    {
        var first = TestPortal.Usage("acme", "a", 1000, at: Now);
        return portal.SendAsync(
            first,
            first, // duplicate
            TestPortal.Usage("acme", "a", 2000, at: Now), // conflict
            TestPortal.Usage("acme", "late", 1000, at: Now.AddDays(-2)), // late, and accepted
            TestPortal.Usage("acme", "rateless", 1000, model: "unheard-of", at: Now),
            TestPortal.Usage("acme", "rateless-too", 1000, model: "unheard-of", at: Now.AddHours(-3)),
            TestPortal.Usage("acme", "meterless", 1000, at: Now).Replace("llm.completion", "voice.call", StringComparison.Ordinal),
            TestPortal.Usage("acme", "old", 1000, at: Now.AddDays(-36)), // rejected
            TestPortal.Usage("nobody", "stranger", 1000, at: Now)); // rejected
    }

    [Fact]
    public async Task Every_event_of_a_request_is_counted_once_by_what_became_of_it()
    {
        var (portal, writing) = await StartAsync(postgres);
        await using var _ = portal;
        (await IntakeWatch.RateAsync(portal.Source)).Hours.Sum(step => step.Events).ShouldBe(0);
        await SendOfEverythingAsync(portal);

        await writing.WriteAsync();
        await writing.WriteAsync(); // nothing came since

        var rate = await IntakeWatch.RateAsync(portal.Source);
        (rate.Minutes.Count, rate.Hours.Count).ShouldBe((60, 24));
        (string, long)[] Counts(IReadOnlyList<IntakeStep> steps) =>
        [
            ("accepted", steps.Sum(step => step.Accepted)), ("unrated", steps.Sum(step => step.Unrated)), ("duplicate", steps.Sum(step => step.Duplicate)),
            ("conflict", steps.Sum(step => step.Conflict)), ("rejected", steps.Sum(step => step.Rejected)),
        ];
        Counts(rate.Hours).ShouldBe([("accepted", 2), ("unrated", 3), ("duplicate", 1), ("conflict", 1), ("rejected", 2)]);
        Counts(rate.Minutes).ShouldBe(Counts(rate.Hours));
        // Nine events in this minute and the last full one, which are 60 to 120 seconds.
        rate.PerSecond.ShouldBeInRange(9m / 120m - 0.001m, 9m / 60m + 0.001m);
    }

    [Fact]
    public async Task What_did_not_go_well_is_told_by_tenant_type_and_reason()
    {
        var (portal, writing) = await StartAsync(postgres);
        await using var _ = portal;
        await SendOfEverythingAsync(portal);
        await writing.WriteAsync();

        async Task<(string?, string, string, long)[]> OfAsync(string fate) =>
            [.. (await IntakeWatch.RemarksAsync(portal.Source, [fate], 100)).Select(one => (one.Tenant, one.Code, one.Type, one.Events))];

        (await OfAsync("rejected")).ShouldBe([("acme", "event_too_old", "llm.completion", 1), (null, "unknown_tenant", "llm.completion", 1)]);
        (await OfAsync("conflict")).ShouldBe([("acme", "", "llm.completion", 1)]);
        (await OfAsync("duplicate")).ShouldBe([("acme", "", "llm.completion", 1)]);
        (await OfAsync("late")).ShouldBe([("acme", "", "llm.completion", 1)]);
        (await OfAsync("unrated")).ShouldBe([("acme", "no_rate", "llm.completion", 2), ("acme", "no_meter", "voice.call", 1)]);

        await portal.SendAsync(TestPortal.Usage("acme", "older", 1000, at: Now.AddDays(-40)));
        await writing.WriteAsync();
        (await OfAsync("rejected"))[0].ShouldBe(("acme", "event_too_old", "llm.completion", 2));
    }

    [Fact]
    public async Task Unrated_usage_is_grouped_until_it_is_rated()
    {
        var (portal, _) = await StartAsync(postgres);
        await using var __ = portal;
        await SendOfEverythingAsync(portal);

        var waiting = await IntakeWatch.UnratedAsync(portal.Source);
        waiting.Select(one => (one.Tenant, one.Type, one.Meter, one.Model, one.Events)).ShouldBe(
            [("acme", "llm.completion", "llm", "unheard-of", 2), ("acme", "voice.call", null, "small", 1)]);
        waiting[0].Example.ShouldBe(EventIdentity.KeyOf("test", "rateless")); // the latest
        (waiting[0].Newest - waiting[0].Oldest).TotalHours.ShouldBe(3, 0.001);

        await portal.ExecuteAsync("""
            insert into ratings (tenant_id, id, transaction_id, event_transaction_id, event_ordinal, kind, events, credits, revenue)
            select tenant_id, gen_random_uuid(), transaction_id, transaction_id, ordinal, 'late_rating', 1, 0, 0 from events where type = 'voice.call'
            """);
        (await IntakeWatch.UnratedAsync(portal.Source)).Select(one => one.Type).ShouldBe(["llm.completion"]);
    }

    [Fact]
    public async Task An_event_is_found_by_what_its_sender_called_it()
    {
        var (portal, _) = await StartAsync(postgres);
        await using var __ = portal;
        var other = await portal.AddTenantAsync("other");
        var sent = await portal.SendAsync(TestPortal.Usage("acme", "a", 1000), TestPortal.Usage("other", "b", 1000));
        (await IntakeWatch.FindAsync(portal.Source, "other", "test", "b")).ShouldBe((other, sent[1].Key));
        (await IntakeWatch.FindAsync(portal.Source, "acme", "test", "b")).ShouldBeNull();
        (await IntakeWatch.FindAsync(portal.Source, "nobody", "test", "a")).ShouldBeNull();
        (await IntakeWatch.TenantAsync(portal.Source, other))!.Key.ShouldBe("other");
        (await IntakeWatch.TenantAsync(portal.Source, 0)).ShouldBeNull();
    }

    [Fact]
    public async Task Counts_that_cannot_be_written_are_written_with_the_next()
    {
        var (portal, writing) = await StartAsync(postgres);
        await using var _ = portal;
        await SendOfEverythingAsync(portal);
        await portal.ExecuteAsOwnerAsync("alter table intake_remarks rename to remarks_away");
        await Should.ThrowAsync<Npgsql.PostgresException>(() => writing.WriteAsync());
        (await portal.ScalarAsync("select count(*) from intake_minutes")).ShouldBe(0L);

        await portal.ExecuteAsOwnerAsync("alter table remarks_away rename to intake_remarks");
        await portal.SendAsync(TestPortal.Usage("acme", "b", 1000));
        await writing.WriteAsync();
        (await portal.ScalarAsync("select sum(events)::bigint from intake_minutes")).ShouldBe(10L);
        (await portal.ScalarAsync("select sum(events)::bigint from intake_remarks where fate = 'rejected'")).ShouldBe(2L);
    }

    [Fact]
    public void Senders_cannot_fill_the_table_with_types()
    {
        var counts = new IntakeCounts();
        var events = Enumerable.Range(0, IntakeCounts.MostRemarks + 500)
            .Select(i => new UsageEvent { Index = i, Type = $"{i}{new string('x', 200)}", Status = EventStatus.Conflict, TenantId = 7 }).ToArray();
        counts.Add(events);
        var (_, remarks) = counts.Take();
        remarks.Count.ShouldBe(IntakeCounts.MostRemarks + 1);
        remarks.Values.Sum().ShouldBe(events.Length);
        remarks[new IntakeRemark(0, "conflict", "", "…")].ShouldBe(500);
        remarks.Keys.Max(remark => remark.Type.Length).ShouldBe(IntakeCounts.LongestType);
    }
}
