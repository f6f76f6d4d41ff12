using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Portal.Domain.Kernel;

namespace Portal.Web.Hosting.Seed;

/// <summary>
/// Made-up usage of a small company, the same at every start: people and services with their favourite models, busy by day and idle at
/// night and on weekends, a little more every week.
/// </summary>
internal sealed class DemoUsage(string tenant)
{
    private const int EventsOnAverageDay = 130;

    // Work through a day in UTC, hour by hour, for a company between London and New York.
    private static readonly int[] Rhythm = [2, 1, 1, 1, 1, 2, 4, 9, 16, 22, 24, 22, 20, 24, 28, 28, 26, 22, 18, 14, 10, 7, 5, 3];

    // Who, in which team, how often (of 100), with which models, input and output tokens about.
    private static readonly (string Consumer, string? Team, int Share, string[] Models, int Input, int Output)[] Users =
    [
        ("chat-widget", "support", 38, ["gpt-4o-mini", "gpt-4o-mini", "gemini-2.5-flash"], 3_800, 420),
        ("ticket-triage", "support", 17, ["claude-3-5-haiku-20241022", "gpt-4.1-nano"], 2_600, 180),
        ("ana", "research", 14, ["claude-sonnet-4-20250514", "gpt-5", "claude-opus-4-1"], 6_500, 900),
        ("ben", "research", 11, ["gemini-2.5-pro", "gpt-4.1", "o4-mini"], 8_200, 700),
        ("code-review", null, 20, ["gpt-4.1", "claude-sonnet-4-20250514"], 5_200, 520),
    ];

    private readonly Random random = new(20_260_101);
    private int count;

    /// <summary>A day's events from <paramref name="from"/> on, none later than <paramref name="until"/>, as a batch of CloudEvents.</summary>
    /// <param name="from">Where the day begins.</param>
    /// <param name="until">Where it ends.</param>
    /// <param name="growth">How busy it is; 1 is average.</param>
    public ReadOnlyMemory<byte> Day(DateTimeOffset from, DateTimeOffset until, decimal growth)
    {
        var body = new ArrayBufferWriter<byte>(64 * 1024);
        using var json = new Utf8JsonWriter(body);
        json.WriteStartArray();
        foreach (var at in Instants(from, until, growth)) Write(json, at);
        json.WriteEndArray();
        json.Flush();
        return body.WrittenMemory;
    }

    private IEnumerable<DateTimeOffset> Instants(DateTimeOffset from, DateTimeOffset until, decimal growth)
    {
        var instants = new List<DateTimeOffset>();
        for (var hour = from; hour < until; hour = hour.AddHours(1))
        {
            var weekend = hour.DayOfWeek is DayOfWeek.Saturday or DayOfWeek.Sunday ? 0.35m : 1m;
            var expected = EventsOnAverageDay * growth * weekend * Rhythm[hour.Hour] / Rhythm.Sum();
            var events = (int)Math.Floor(expected + (random.Next(0, 1000) / 1000m));
            for (var i = 0; i < events; i++) instants.Add(hour.AddMilliseconds(random.Next(0, 3_600_000)));
        }

        return instants.Where(at => at < until).Order();
    }

    private void Write(Utf8JsonWriter json, DateTimeOffset at)
    {
        var user = Pick();
        json.WriteStartObject();
        json.WriteString("specversion", "1.0");
        json.WriteString("id", string.Create(CultureInfo.InvariantCulture, $"demo-{++count:D6}"));
        json.WriteString("source", "demo");
        json.WriteString("type", "llm.completion");
        json.WriteString("subject", tenant);
        json.WriteString("time", InstantText.Format(at));
        json.WriteStartObject("data");
        json.WriteString("consumer", user.Consumer);
        if (user.Team is not null) json.WriteString("team", user.Team);
        json.WriteString("model", user.Models[random.Next(user.Models.Length)]);
        json.WriteNumber("input_tokens", Around(user.Input));
        json.WriteNumber("output_tokens", Around(user.Output));
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private (string Consumer, string? Team, int Share, string[] Models, int Input, int Output) Pick()
    {
        var place = random.Next(Users.Sum(user => user.Share));
        return Users.First(user => (place -= user.Share) < 0);
    }

    private int Around(int usual) => usual * random.Next(30, 190) / 100;
}
