using System.Text.Json;
using System.Text.Unicode;
using Portal.Domain.Kernel;

namespace Portal.Domain.Metering.Intake;

/// <summary>
/// Reads CloudEvents 1.0 in JSON, one or a batch, in one pass over the body. A malformed document is one problem; an event that is
/// wrong in itself is rejected alone and never harms its neighbours.
/// </summary>
public static class EventParser
{
    /// <summary>Events that one request may hold.</summary>
    public const int MaxEvents = 10_000;

    private const int MaxText = 200;
    private const int MaxMembers = 128;
    private static readonly JsonReaderOptions ReaderOptions = new() { MaxDepth = 32 };
    internal static readonly Utf8Names Names = new();

    /// <summary>The events of a body, or what is wrong with it as a whole: <c>malformed_json</c>, <c>empty_batch</c>, <c>too_many_events</c>.</summary>
    public static Result<List<UsageEvent>> Parse(ReadOnlyMemory<byte> body)
    {
        if (!Utf8.IsValid(body.Span)) return Malformed("The body is not UTF-8.");
        var events = new List<UsageEvent>();
        try
        {
            var reader = new Utf8JsonReader(body.Span, ReaderOptions);
            if (!reader.Read()) return Malformed("The body is empty.");
            if (reader.TokenType == JsonTokenType.StartObject)
            {
                events.Add(ReadEvent(ref reader, body, 0));
            }
            else if (reader.TokenType == JsonTokenType.StartArray)
            {
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    if (events.Count == MaxEvents) return new Problem(ProblemKind.Invalid, "too_many_events", $"A batch holds at most {MaxEvents} events.");
                    events.Add(ReadEvent(ref reader, body, events.Count));
                }
            }
            else
            {
                return Malformed("The body is neither an event nor a list of events.");
            }

            if (reader.Read()) return Malformed("Something follows the document.");
        }
        catch (JsonException exception)
        {
            return Malformed($"The body is not JSON: line {exception.LineNumber + 1}, byte {exception.BytePositionInLine + 1}.");
        }
        catch (InvalidOperationException)
        {
            return Malformed("A text in the body has half of a surrogate pair.");
        }

        return events.Count == 0 ? new Problem(ProblemKind.Invalid, "empty_batch", "The batch holds no event.") : events;
    }

    private static Problem Malformed(string detail) => new(ProblemKind.Invalid, "malformed_json", detail);

    private static UsageEvent ReadEvent(ref Utf8JsonReader reader, ReadOnlyMemory<byte> body, int index)
    {
        var usage = new UsageEvent { Index = index };
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            usage.Reject("invalid_event", "An event is a JSON object.");
            return usage;
        }

        var (time, version, data) = (default(DateTimeOffset?), false, 0UL);
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            if (reader.ValueTextEquals("id"u8)) usage.Id = Text(ref reader, usage, "id", recurs: false) ?? "";
            else if (reader.ValueTextEquals("source"u8)) usage.Source = Text(ref reader, usage, "source", recurs: true) ?? "";
            else if (reader.ValueTextEquals("type"u8)) usage.Type = Text(ref reader, usage, "type", recurs: true) ?? "";
            else if (reader.ValueTextEquals("subject"u8)) usage.Subject = Text(ref reader, usage, "subject", recurs: true) ?? "";
            else if (reader.ValueTextEquals("time"u8)) time = Time(ref reader, usage);
            else if (reader.ValueTextEquals("specversion"u8)) version = reader.Read() && reader.TokenType == JsonTokenType.String && reader.ValueTextEquals("1.0"u8);
            else if (reader.ValueTextEquals("data"u8)) data = ReadData(ref reader, usage, body);
            else SkipValue(ref reader);
        }

        if (usage.Status == EventStatus.Rejected) return usage;
        Check(usage, time, version);
        if (usage.Status == EventStatus.Rejected) return usage;
        usage.OccurredAt = time!.Value;
        usage.Key = EventIdentity.KeyOf(usage.Source, usage.Id);
        usage.Digest = BodyDigest.Of(usage.Type, usage.Subject, usage.OccurredAt, data);
        return usage;
    }

    private static void Check(UsageEvent usage, DateTimeOffset? time, bool version)
    {
        if (usage.Id.Length == 0) usage.Reject("missing_id", "An event needs an id.");
        else if (usage.Source.Length == 0) usage.Reject("missing_source", "An event needs a source.");
        else if (usage.Type.Length == 0) usage.Reject("missing_type", "An event needs a type.");
        else if (usage.Subject.Length == 0) usage.Reject("missing_subject", "An event needs a subject: the key of its tenant.");
        else if (time is null) usage.Reject("missing_time", "An event needs the time at which the usage happened.");
        else if (!version) usage.Reject("invalid_specversion", "The specversion must be \"1.0\".");
        else if (usage.Data.IsEmpty) usage.Reject("missing_data", "An event needs data.");
    }

    // Reads data once for its digest and for who used what; the rest is read by the meter that measures it.
    private static ulong ReadData(ref Utf8JsonReader reader, UsageEvent usage, ReadOnlyMemory<byte> body)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            usage.Reject("invalid_data", "The data of an event is a JSON object.");
            return 0;
        }

        var (start, members, sum) = ((int)reader.TokenStartIndex, 0, 0UL);
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            if (++members > MaxMembers) usage.Reject("invalid_data", $"The data of an event has at most {MaxMembers} properties.");
            var name = BodyDigest.Bytes(ref reader, seed: 1);
            var (consumer, team, pool) = (reader.ValueTextEquals("consumer"u8), reader.ValueTextEquals("team"u8), reader.ValueTextEquals("pool"u8));
            reader.Read();
            if (consumer) usage.Consumer = Name(ref reader, usage, "consumer");
            else if (team) usage.Team = Name(ref reader, usage, "team");
            else if (pool) usage.Pool = Name(ref reader, usage, "pool");
            sum = unchecked(sum + BodyDigest.Member(name, BodyDigest.Value(ref reader)));
        }

        usage.Data = body[start..(int)reader.BytesConsumed];
        if (usage.Data.Span.IndexOf("\\u0000"u8) >= 0) usage.Reject("invalid_character", "The character U+0000 cannot be stored.");
        return BodyDigest.Object(sum);
    }

    private static DateTimeOffset? Time(ref Utf8JsonReader reader, UsageEvent usage)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.Null) return null;
        if (reader.TokenType == JsonTokenType.String && IsInstant(ref reader, out var instant)) return instant;
        if (reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray) reader.Skip();
        usage.Reject("invalid_time", "The time must be RFC 3339 with an offset, such as 2026-01-01T00:00:00Z.");
        return null;
    }

    private static bool IsInstant(ref Utf8JsonReader reader, out DateTimeOffset instant) =>
        reader.ValueIsEscaped ? InstantText.TryParse(reader.GetString(), out instant) : InstantText.TryParse(reader.ValueSpan, out instant);

    private static string? Text(ref Utf8JsonReader reader, UsageEvent usage, string field, bool recurs)
    {
        reader.Read();
        return Name(ref reader, usage, field, recurs);
    }

    private static string? Name(ref Utf8JsonReader reader, UsageEvent usage, string field, bool recurs = true)
    {
        if (reader.TokenType == JsonTokenType.Null) return null;
        if (reader.TokenType != JsonTokenType.String)
        {
            usage.Reject("invalid_" + field, $"The {field} must be a text.");
            if (reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray && field is not ("consumer" or "team" or "pool")) reader.Skip();
            return null;
        }

        var text = recurs ? Names.Get(ref reader) : reader.GetString()!;
        if (text.Length > MaxText) usage.Reject("too_long", $"The {field} has at most {MaxText} characters.");
        else if (text.Contains('\0', StringComparison.Ordinal)) usage.Reject("invalid_character", "The character U+0000 cannot be stored.");
        return text;
    }

    private static void SkipValue(ref Utf8JsonReader reader)
    {
        reader.Read();
        reader.Skip();
    }
}
