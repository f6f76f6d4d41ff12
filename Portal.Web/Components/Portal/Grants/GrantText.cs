using System.Globalization;
using Portal.Domain.Wallet;

namespace Portal.Web.Components.TenantPages;

/// <summary>What people read for grants: where they came from, how they stand, and when.</summary>
public static class GrantText
{
    /// <summary>Values of the page's filter for how grants stand, and their texts; the default comes first.</summary>
    public static readonly IReadOnlyList<(string Key, string Text, GrantStanding? Standing)> Standings =
    [
        ("", "To use, now or later", GrantStanding.Open),
        ("spendable", "To use now", GrantStanding.Spendable),
        ("to_come", "To come", GrantStanding.ToCome),
        ("empty", "Nothing left", GrantStanding.Empty),
        ("expired", "Expired", GrantStanding.Expired),
        ("all", "All there ever were", null),
    ];

    /// <summary>Sources and their texts.</summary>
    public static readonly IReadOnlyList<(string Value, string Text)> Sources = [.. GrantSource.All.Select(source => (source, Source(source)))];

    /// <summary>The standing that a filter's value means; what is unknown is the default.</summary>
    public static GrantStanding? StandingOf(string? key) => Standings.Any(s => s.Key == key) ? Standings.First(s => s.Key == key).Standing : GrantStanding.Open;

    /// <summary>Where a grant came from.</summary>
    public static string Source(string source) => source switch
    {
        GrantSource.Purchase => "Purchase",
        GrantSource.Plan => "Plan",
        GrantSource.Promotion => "Promotion",
        GrantSource.Rollover => "Rollover",
        GrantSource.Commit => "Commitment",
        GrantSource.Adjustment => "Adjustment",
        GrantSource.Refund => "Given back",
        _ => source,
    };

    /// <summary>How a grant descends from its parent.</summary>
    public static string Lineage(string? lineage) => lineage switch
    {
        "transferred" => "Moved here",
        "rolled" => "Rolled over",
        "restored" => "Restored",
        "split" => "Split off",
        "bonus" => "Bonus",
        "merged" => "Merged from another account",
        _ => "",
    };

    /// <summary>How a grant stands at an instant.</summary>
    public static GrantStanding Standing(Grant grant, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(grant);
        if (grant.ExpiresAt <= now) return GrantStanding.Expired;
        if (grant.Remaining == 0m) return GrantStanding.Empty;
        return grant.EffectiveAt > now ? GrantStanding.ToCome : GrantStanding.Spendable;
    }

    /// <summary>Credits of a grant that can still be used: none once its time is over, whatever has been booked.</summary>
    public static decimal Left(Grant grant, DateTimeOffset now) => Standing(grant, now) == GrantStanding.Expired ? 0m : grant.Remaining;

    /// <summary>How long until an instant, in the one unit that matters: <c>in 12 days</c>, <c>in 5 hours</c>.</summary>
    public static string Until(TimeSpan left)
    {
        static string In(double count, string unit) =>
            string.Create(CultureInfo.CurrentCulture, $"in {Math.Floor(count):N0} {unit}{(Math.Floor(count) == 1 ? "" : "s")}");

        return left switch
        {
            { TotalMinutes: < 1 } => "in a moment",
            { TotalHours: < 1 } => In(left.TotalMinutes, "minute"),
            { TotalHours: < 48 } => In(left.TotalHours, "hour"),
            { TotalDays: < 60 } => In(left.TotalDays, "day"),
            { TotalDays: < 730 } => In(left.TotalDays / 30.4375, "month"),
            _ => In(left.TotalDays / 365.25, "year"),
        };
    }

    /// <summary>A part of a whole as the width of a bar, 0 to 100; what is there at all is seen.</summary>
    public static string Share(decimal part, decimal whole)
    {
        if (whole <= 0m || part <= 0m) return "0";
        return Math.Clamp(part / whole * 100m, 0.5m, 100m).ToString("0.##", CultureInfo.InvariantCulture);
    }
}
