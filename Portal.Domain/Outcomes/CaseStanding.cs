namespace Portal.Domain.Outcomes;

/// <summary>How a case stands at an instant: a function of its rule, its events and the instant alone.</summary>
/// <param name="Verdict">What the rule says; a case that was abandoned is not billable.</param>
/// <param name="Reason">Why; null while pending.</param>
/// <param name="Line">Index of the line that matched; null for none.</param>
/// <param name="Because">Keys of the events that made it so.</param>
/// <param name="Since">Since when it is billable, or not, without interruption; null while pending.</param>
/// <param name="SettlesAt">When it bills unless something happens; null when it does not.</param>
/// <param name="ChangesAt">The next instant at which time alone may change what the rule says; null for never.</param>
public sealed record CaseStanding(
    Verdict Verdict, string? Reason, int? Line, IReadOnlyList<Guid> Because, DateTimeOffset? Since, DateTimeOffset? SettlesAt, DateTimeOffset? ChangesAt)
{
    /// <summary>Reason of a case without a decision that nothing has happened in for long.</summary>
    public const string Abandoned = "abandoned";

    /// <summary>Decides a case.</summary>
    /// <param name="rule">The version that it opened under.</param>
    /// <param name="events">Its events other than work, in any order.</param>
    /// <param name="lastEventAt">When its last event of any kind happened.</param>
    /// <param name="now">The instant; what happens later is not known yet.</param>
    /// <param name="zone">The tenant's.</param>
    public static CaseStanding Of(OutcomeRule rule, IEnumerable<CaseEvent> events, DateTimeOffset lastEventAt, DateTimeOffset now, TimeZoneInfo zone)
    {
        ArgumentNullException.ThrowIfNull(rule);
        var ordered = events.OrderBy(one => one.OccurredAt).ThenBy(one => one.Key).ToList();
        var timeline = new Timeline(rule, ordered, zone);
        var because = new List<Guid>();
        var (verdict, line) = timeline.At(now, because);
        var abandoned = rule.AbandonAfter?.AddTo(lastEventAt, zone);
        var reason = verdict == Verdict.Pending ? null : line is { } index ? rule.Lines[index].Reason : "else";
        DateTimeOffset? since = verdict == Verdict.Pending ? null : timeline.Since(verdict, now);
        var changes = timeline.NextAfter(now);
        if (verdict == Verdict.Pending && abandoned is { } end)
        {
            if (end <= now) (verdict, reason, since) = (Verdict.NotBillable, Abandoned, end);
            else if (!(changes < end)) changes = end;
        }

        DateTimeOffset? settles = verdict == Verdict.Billable ? rule.Settlement?.AddTo(since!.Value, zone) ?? since : null;
        return new CaseStanding(verdict, reason, line, because, since, settles, changes);
    }

    private sealed class Timeline(OutcomeRule rule, List<CaseEvent> ordered, TimeZoneInfo zone)
    {
        private readonly bool reopens = ordered.Exists(one => rule.Reopens(one.Type) is not null);
        private readonly Silence[] silences = [.. rule.Conditions.OfType<Silence>()];

        public (Verdict Verdict, int? Line) At(DateTimeOffset instant, ICollection<Guid> because)
        {
            var happened = ordered.Count;
            while (happened > 0 && ordered[happened - 1].OccurredAt > instant) happened--;
            var view = new CaseView(Standing(happened), instant, zone);
            for (var i = 0; i < rule.Lines.Count; i++)
            {
                if (rule.Lines[i].If.Holds(view, because)) return (rule.Lines[i].Then, i);
            }

            return (rule.Else, null);
        }

        // Those that had happened; what was undone by a reopening happened without deciding.
        private List<CaseEvent> Standing(int happened)
        {
            var standing = happened == ordered.Count && !reopens ? ordered : ordered.GetRange(0, happened);
            for (var i = happened - 1; reopens && i > 0; i--)
            {
                if (rule.Reopens(standing[i].Type) is not { } what) continue;
                for (var j = 0; j < i; j++)
                {
                    if (standing[j].Type == what + ".resolved" || standing[j].Type == what + ".closed") standing[j] = standing[j] with { Type = "" };
                }
            }

            return standing;
        }

        // What the rule says changes only where an event happens or a silence has lasted long enough.
        public DateTimeOffset Since(Verdict verdict, DateTimeOffset now)
        {
            var since = now;
            foreach (var instant in Instants().Where(instant => instant <= now).OrderDescending().Distinct())
            {
                if (At(instant, []).Verdict != verdict) break;
                since = instant;
            }

            return since;
        }

        public DateTimeOffset? NextAfter(DateTimeOffset now) =>
            Instants().Where(instant => instant > now).Select(instant => (DateTimeOffset?)instant).Min();

        private IEnumerable<DateTimeOffset> Instants() =>
            ordered.SelectMany(one => silences.Select(silence => silence.Span.AddTo(one.OccurredAt, zone)).Prepend(one.OccurredAt));
    }
}
