using System.Globalization;
using System.Text;

namespace Portal.E2E.Soaking;

/// <summary>What a soak came to.</summary>
internal sealed class SoakReport(SoakPlan plan, Book book, Outages outages, TimeSpan worked)
{
    public IReadOnlyCollection<string> Faults => book.Faults;

    public Counts Counts => book.Counts;

    public IReadOnlyCollection<Outage> Outages => outages.All;

    public bool IsGood => Counts.Faults.Value == 0;

    public string Table()
    {
        var text = new StringBuilder();
        void Row(string what, object figure) => text.AppendLine(CultureInfo.InvariantCulture, $"{what,-52} {figure,14:N0}");
        var c = Counts;
        text.AppendLine(CultureInfo.InvariantCulture, $"seed {plan.Seed}, {worked.TotalSeconds:0} s of work, {SoakPlan.Tenants} tenants");
        Row("events sent, each counted once", c.Sent.Value);
        Row("  acknowledged", c.Acknowledged.Value);
        Row("  of these taken at a try whose answer was lost", c.TakenUntold.Value);
        Row("  given up after the answer was lost", c.GivenUp.Value);
        Row("duplicates answered", c.Duplicates.Value);
        Row("conflicts answered", c.Conflicts.Value);
        Row("events voided", c.Voided.Value);
        Row("events amended", c.Amended.Value);
        Row("grants", c.Grants.Value);
        Row("holds", c.Holds.Value);
        Row("  refused for want of credits", c.HoldsRefused.Value);
        Row("  captured", c.Captures.Value);
        Row("  captured after they had expired", c.CapturesLate.Value);
        Row("  released", c.Released.Value);
        Row("  left to expire", c.LeftToExpire.Value);
        Row("queries answered", c.Queries.Value);
        Row("pages read", c.Pages.Value);
        Row("requests that failed while the portal was up", c.FailedWhileUp.Value);
        Row("requests that failed while it was away", c.FailedWhileDown.Value);
        foreach (var victim in Enum.GetValues<Victim>()) Row($"kill -9 of {Name(victim)}", Outages.Count(outage => outage.Victim == victim));
        foreach (var outage in Outages) Row($"  {Name(outage.Victim)}: ready after, first usage taken after", $"{Seconds(outage.Ready)}, {Seconds(outage.Acknowledged)}{(outage.Restarted ? "" : " by itself")}");
        foreach (var fault in Faults.Take(20)) text.AppendLine(CultureInfo.InvariantCulture, $"fault: {(fault.Length > 600 ? fault[..600] : fault)}");
        if (Faults.Count > 20) text.AppendLine(CultureInfo.InvariantCulture, $"… {c.Faults.Value} faults in all");
        text.Append(IsGood ? "good: nothing acknowledged was lost, nothing is there twice, the books balance" : "BAD");
        return text.ToString();
    }

    private static string Name(Victim victim) => victim switch
    {
        Victim.Server => "the server",
        Victim.Postgres => "PostgreSQL",
        Victim.Postmaster => "its postmaster alone",
        _ => "both at once",
    };

    private static string Seconds(TimeSpan? span) => span is { } known ? string.Create(CultureInfo.InvariantCulture, $"{known.TotalSeconds:0.0} s") : "never";
}
