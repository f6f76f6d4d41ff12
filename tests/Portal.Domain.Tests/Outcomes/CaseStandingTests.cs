using System.Globalization;
using System.Text.Json;
using CsCheck;
using Portal.Domain.Kernel;
using Portal.Domain.Outcomes;

namespace Portal.Domain.Tests.Outcomes;

/// <summary>What rules say of cases: hand-worked, and whatever the order of arrival.</summary>
public sealed class CaseStandingTests
{
    private const string Rule = """
        {"product":"support","settlement":"P7D","abandon_after":"P30D","rules":[
          {"if":{"any":[{"event":"escalated","where":{"priority":"high"}},{"count":{"event":"escalated"},"at_least":2}]},"then":"not_billable","reason":"escalated"},
          {"if":{"event":"reopened","after":"resolved"},"then":"pending"},
          {"if":{"all":[{"event":"resolved"},{"not":{"property":"score","lt":"0.5"}}]},"then":"billable","reason":"confirmed"},
          {"if":{"silence":"P1D","after":"answered"},"then":"billable","reason":"assumed"}]}
        """;

    /// <summary>A case: `day type property=value`, separated by commas, and what holds at noon of a day.</summary>
    [Theory]
    [InlineData("1 answered", 1, "Pending", null, null, null)]
    [InlineData("1 answered", 2, "Billable", "assumed", 2, 9)] // silent from the 1st to the 2nd, settled on the 9th
    [InlineData("1 answered, 2 wrote", 9, "Pending", null, null, null)] // the last event is the customer's
    [InlineData("1 answered, 3 wrote", 4, "Pending", null, null, null)] // was assumed for a day
    [InlineData("1 answered, 3 wrote, 4 answered", 5, "Billable", "assumed", 5, 12)]
    [InlineData("1 resolved", 1, "Billable", "confirmed", 1, 8)]
    [InlineData("1 resolved, 3 resolved", 5, "Billable", "confirmed", 1, 8)] // reported twice: decided by the first
    [InlineData("1 resolved, 3 reopened", 3, "Pending", null, null, null)]
    [InlineData("1 resolved, 3 reopened, 5 resolved", 6, "Billable", "confirmed", 5, 12)]
    [InlineData("1 reopened, 2 resolved", 2, "Billable", "confirmed", 2, 9)]
    [InlineData("1 resolved score=0.4", 2, "Pending", null, null, null)]
    [InlineData("1 resolved score=0.4, 2 rated score=0.50", 3, "Billable", "confirmed", 2, 9)] // the last score counts, 0.50 is not below 0.5
    [InlineData("1 resolved score=good", 1, "Billable", "confirmed", 1, 8)] // no number compares with none
    [InlineData("1 resolved, 2 escalated", 3, "Billable", "confirmed", 1, 8)]
    [InlineData("1 resolved, 2 escalated, 3 escalated", 3, "NotBillable", "escalated", 3, null)]
    [InlineData("1 escalated priority=high", 1, "NotBillable", "escalated", 1, null)]
    [InlineData("1 escalated priority=low", 1, "Pending", null, null, null)]
    [InlineData("1 wrote", 30, "Pending", null, null, null)]
    [InlineData("1 wrote", 31, "NotBillable", "abandoned", 31, null)]
    [InlineData("1 wrote, 40 resolved", 41, "Billable", "confirmed", 40, 47)] // what was abandoned may still be resolved
    [InlineData("1 resolved, 9 escalated, 9 escalated", 8, "Billable", "confirmed", 1, 8)] // what happens later is not known yet
    public void A_case_stands_as_its_rule_says(string events, int day, string verdict, string? reason, int? since, int? settles)
    {
        var stands = Of(Parse(events), day);
        (stands.Verdict.ToString(), stands.Reason, DayOf(stands.Since), DayOf(stands.SettlesAt)).ShouldBe((verdict, reason, since, settles));
    }

    [Fact]
    public void Time_alone_changes_a_case_at_the_instants_it_names()
    {
        DayOf(Of(Parse("1 answered"), 1).ChangesAt).ShouldBe(2); // assumed
        DayOf(Of(Parse("1 wrote"), 3).ChangesAt).ShouldBe(31); // abandoned
        Of(Parse("1 resolved"), 3).ChangesAt.ShouldBeNull();
    }

    [Fact]
    public void Each_decision_names_the_events_that_made_it()
    {
        var events = Parse("1 answered, 2 resolved, 3 wrote, 4 escalated, 5 escalated");
        Of(events, 3).Because.ShouldBe([events[1].Key]);
        Of(events, 5).Because.ShouldBe([events[3].Key, events[4].Key]);
    }

    [Fact]
    public void Any_order_of_arrival_gives_the_same_decision()
    {
        string[] types = ["answered", "resolved", "reopened", "wrote", "escalated"], properties = ["", " score=0.2", " score=0.9", " priority=high"];
        var one = Gen.Select(Gen.Int[1, 40], Gen.Int[0, 4], Gen.Int[0, 3], (day, type, property) => $"{day} {types[type]}{properties[property]}");
        Gen.Select(one.List[1, 8], Gen.Int[1, 60], Gen.Int).Sample((list, day, seed) =>
        {
            var events = Parse(string.Join(',', list));
            var shuffled = events.ToArray();
            new Random(seed).Shuffle(shuffled);
            var (right, other) = (Of(events, day), Of(shuffled, day));
            return (right.Verdict, right.Reason, right.Since, right.SettlesAt, right.ChangesAt) == (other.Verdict, other.Reason, other.Since, other.SettlesAt, other.ChangesAt)
                && right.Because.SequenceEqual(other.Because);
        });
    }

    // A rule that does not name what reopens: what was resolved before it counts no more; what was escalated, or merely began, still does.
    [Theory]
    [InlineData("1 talk.resolved, 3 talk.reopened", "Pending", null, null)]
    [InlineData("1 talk.closed, 3 talk.reopened", "Pending", null, null)]
    [InlineData("1 talk.resolved, 3 talk.reopened, 4 talk.resolved", "Billable", "confirmed", 4)]
    [InlineData("1 talk.resolved, 3 other.reopened", "Billable", "confirmed", 1)]
    [InlineData("1 talk.escalated, 3 talk.reopened, 4 talk.resolved", "NotBillable", "escalated", 1)]
    [InlineData("1 talk.started, 3 talk.reopened", "Billable", "begun", 1)]
    [InlineData("3 talk.reopened, 4 talk.resolved, 5 talk.reopened", "Pending", null, null)]
    public void What_is_reopened_was_not_resolved(string events, string verdict, string? reason, int? since)
    {
        var rule = OutcomeRuleChecks.Check(JsonSerializer.Deserialize<OutcomeRuleDefinition>("""
            {"product":"support","rules":[
              {"if":{"event":"talk.escalated"},"then":"not_billable","reason":"escalated"},
              {"if":{"any":[{"event":"talk.resolved"},{"event":"talk.closed"}]},"then":"billable","reason":"confirmed"},
              {"if":{"event":"talk.started"},"then":"billable","reason":"begun"}]}
            """, PortalJson.Options)!).Value;
        var parsed = Parse(events);
        var stands = CaseStanding.Of(rule, parsed, parsed.Max(one => one.OccurredAt), Noon(6), TimeZoneInfo.Utc);
        (stands.Verdict.ToString(), stands.Reason, DayOf(stands.Since)).ShouldBe((verdict, reason, since));
    }

    private static OutcomeRule Checked => OutcomeRuleChecks.Check(JsonSerializer.Deserialize<OutcomeRuleDefinition>(Rule, PortalJson.Options)!).Value;

    private static CaseStanding Of(CaseEvent[] events, int day) =>
        CaseStanding.Of(Checked, events, events.Where(one => one.OccurredAt <= Noon(day)).Select(one => one.OccurredAt).DefaultIfEmpty(Noon(1)).Max(), Noon(day), TimeZoneInfo.Utc);

    private static CaseEvent[] Parse(string events) => [.. events.Split(',', StringSplitOptions.TrimEntries).Select((text, i) =>
    {
        var parts = text.Split(' ');
        var data = parts.Skip(2).Select(part => part.Split('=')).ToDictionary(part => part[0], part => part[1], StringComparer.Ordinal);
        return new CaseEvent(new Guid(i, 0, 0, new byte[8]), parts[1], Noon(int.Parse(parts[0], CultureInfo.InvariantCulture)), data);
    })];

    private static DateTimeOffset Noon(int day) => new DateTimeOffset(2029, 12, 31, 12, 0, 0, TimeSpan.Zero).AddDays(day);

    private static int? DayOf(DateTimeOffset? instant) => instant is { } some ? (int)(some - Noon(0)).TotalDays : null;
}
