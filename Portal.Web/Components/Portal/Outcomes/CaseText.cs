using Portal.Domain.Outcomes;
using Portal.Web.Components.Shared;

namespace Portal.Web.Components.TenantPages.Outcomes;

/// <summary>What people read for cases.</summary>
public static class CaseText
{
    /// <summary>States and their texts.</summary>
    public static readonly IReadOnlyList<(string Value, string Text)> States = [.. CaseQuery.States.Select(state => (state, State(state)))];

    /// <summary>How a case stands.</summary>
    public static string State(string state) => state switch
    {
        "pending" => "Pending",
        "settling" => "Settling",
        "billed" => "Billed",
        "rejected" => "Not billed",
        _ => state,
    };

    /// <summary>The badge's class for a state.</summary>
    public static string Badge(string state) => state switch
    {
        "billed" => "badge-good",
        "settling" => "badge-warning",
        _ => "badge-plain",
    };

    /// <summary>A reason as it is read: <c>confirmed</c> is Confirmed, <c>else</c> is what holds when no line matches.</summary>
    public static string Reason(OutcomeCase one)
    {
        ArgumentNullException.ThrowIfNull(one);
        return one.Reason switch
        {
            null => "Not decided yet",
            "else" => "No line of the rule matched",
            { Length: > 0 } reason => char.ToUpperInvariant(reason[0]) + reason[1..].Replace('_', ' '),
            _ => "",
        };
    }

    /// <summary>Which line of which rule decided.</summary>
    public static string Rule(OutcomeCase one)
    {
        ArgumentNullException.ThrowIfNull(one);
        return string.Create(System.Globalization.CultureInfo.CurrentCulture, $"{one.Rule}, version {one.RuleVersion}{(one.Line is { } line ? $", line {line + 1}" : "")}");
    }

    /// <summary>The texts of a dispute; null without one.</summary>
    public static string? Dispute(OutcomeCase one)
    {
        ArgumentNullException.ThrowIfNull(one);
        return one.Dispute switch
        {
            "open" => "Disputed",
            "accepted" => "Dispute accepted",
            "rejected" => "Dispute rejected",
            _ => null,
        };
    }

    /// <summary>The filter that an address means; dates are days of the tenant's zone.</summary>
    public static CaseFilter Filter(TableQuery query, TimeZoneInfo zone)
    {
        ArgumentNullException.ThrowIfNull(query);
        DateTimeOffset? Day(string name, int plus) =>
            Domain.Kernel.Instants.ReadDay(query[name]) is { Year: > 1 and < 9999 } day ? Domain.Kernel.Instants.DayStart(zone, day.AddDays(plus)) : null;
        return new CaseFilter(CaseQuery.States.FirstOrDefault(state => state == query["state"]), Day("from", 0), Day("to", 1));
    }
}
