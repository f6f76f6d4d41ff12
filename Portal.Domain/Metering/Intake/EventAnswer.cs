using System.Globalization;
using System.Text.Json;
using Portal.Domain.Kernel;

namespace Portal.Domain.Metering.Intake;

/// <summary>The answer to a request of usage, as api.md words it: counts, and what became of each event in the order sent.</summary>
public static class EventAnswer
{
    /// <summary>200 when every event was taken, else 207; of an event alone 409 in conflict and 422 when rejected.</summary>
    public static int StatusCode(IReadOnlyList<UsageEvent> events, bool alone)
    {
        ArgumentNullException.ThrowIfNull(events);
        if (events.All(usage => usage.Status is EventStatus.Accepted or EventStatus.Unrated or EventStatus.Duplicate)) return 200;
        if (!alone) return 207;
        return events[0].Status == EventStatus.Conflict ? 409 : 422;
    }

    /// <summary>Writes the answer; with <paramref name="summary"/> only the counts and what was rejected or in conflict.</summary>
    public static void Write(Utf8JsonWriter writer, IReadOnlyList<UsageEvent> events, bool summary)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(events);
        writer.WriteStartObject();
        foreach (var status in (ReadOnlySpan<EventStatus>)[EventStatus.Accepted, EventStatus.Unrated, EventStatus.Duplicate, EventStatus.Conflict, EventStatus.Rejected])
            writer.WriteNumber(Name(status), events.Count(usage => usage.Status == status));
        writer.WriteStartArray("results");
        foreach (var usage in events)
        {
            if (!summary || usage.Status is EventStatus.Rejected or EventStatus.Conflict) Write(writer, usage);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter writer, UsageEvent usage)
    {
        writer.WriteStartObject();
        writer.WriteNumber("index", usage.Index);
        writer.WriteString("id", usage.Id);
        writer.WriteString("status", Name(usage.Status));
        if (usage.Status is EventStatus.Accepted or EventStatus.Unrated or EventStatus.Duplicate)
        {
            writer.WriteString("event", PublicId.Format(PublicId.Event, usage.TenantId, usage.Key));
            if (usage.Status != EventStatus.Unrated) writer.WriteString("credits", usage.Credits.ToString("0.000000000", CultureInfo.InvariantCulture));
            if (usage.Status != EventStatus.Duplicate) writer.WriteString("transaction", PublicId.Format(PublicId.Transaction, usage.TenantId, usage.TransactionId));
        }
        else
        {
            writer.WriteString("code", usage.Problem?.Code ?? "conflict");
            writer.WriteString("detail", usage.Problem?.Detail ?? "An event of this source and id was taken before, with another body.");
        }

        writer.WriteEndObject();
    }

    private static string Name(EventStatus status) => status switch
    {
        EventStatus.Accepted => "accepted",
        EventStatus.Unrated => "unrated",
        EventStatus.Duplicate => "duplicate",
        EventStatus.Conflict => "conflict",
        EventStatus.Rejected => "rejected",
        EventStatus.Pending => throw new InvalidOperationException("The event has not been decided."),
        _ => throw new ArgumentOutOfRangeException(nameof(status)),
    };
}
