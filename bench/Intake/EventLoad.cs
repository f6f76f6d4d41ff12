using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;

namespace Portal.Bench.Intake;

/// <summary>Sends usage as fast as it is taken: 32 connections, 100 events a request, time-ordered ids.</summary>
internal sealed class EventLoad(Uri address, string key, string tenant)
{
    private const int Connections = 32;
    private const int EventsPerRequest = 100;
    private long next;
    private long acknowledged;

    /// <summary>Events that the portal said it took.</summary>
    public long Acknowledged => Volatile.Read(ref acknowledged);

    /// <summary>Events acknowledged per second.</summary>
    public async Task<double> RunAsync(TimeSpan time)
    {
        using var handler = new SocketsHttpHandler { MaxConnectionsPerServer = Connections };
        using var client = new HttpClient(handler) { BaseAddress = address };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        var (before, watch) = (Acknowledged, Stopwatch.StartNew());
        await Task.WhenAll(Enumerable.Range(0, Connections).Select(_ => SendUntilAsync(client, watch, time)));
        return (Acknowledged - before) / watch.Elapsed.TotalSeconds;
    }

    private async Task SendUntilAsync(HttpClient client, Stopwatch watch, TimeSpan time)
    {
        var (body, ids) = Template(Interlocked.Increment(ref next));
        while (watch.Elapsed < time)
        {
            var now = DateTimeOffset.UtcNow;
            foreach (var place in ids) Guid.CreateVersion7(now).TryFormat(body.AsSpan(place), out _);
            using var content = new ByteArrayContent(body);
            content.Headers.ContentType = new MediaTypeHeaderValue("application/cloudevents-batch+json");
            using var response = await client.PostAsync(new Uri("/v1/events?detail=summary", UriKind.Relative), content);
            var text = await response.Content.ReadAsStringAsync();
            if (!text.StartsWith("""{"accepted":100,""", StringComparison.Ordinal)) throw new InvalidOperationException($"{(int)response.StatusCode} {text[..Math.Min(400, text.Length)]}");
            Interlocked.Add(ref acknowledged, EventsPerRequest);
        }
    }

    // A body that is sent again and again: only the ids change, where they stand. Writing text would cost the server its processors.
    private (byte[] Body, int[] Ids) Template(long connection)
    {
        var time = DateTimeOffset.UtcNow.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
        var (text, ids) = (new StringBuilder(EventsPerRequest * 280).Append('['), new int[EventsPerRequest]);
        for (var i = 0; i < EventsPerRequest; i++)
        {
            if (i > 0) text.Append(',');
            text.Append("""{"specversion":"1.0","id":" """.TrimEnd());
            ids[i] = text.Length;
            text.Append(CultureInfo.InvariantCulture, $$$"""{{{Guid.Empty}}}","source":"bench","type":"llm.completion","subject":"{{{tenant}}}","time":"{{{time}}}","data":{"model":"gpt-4o","input_tokens":{{{1000 + ((connection * 31) + i) % 7000}}},"output_tokens":{{{10 + i}}},"consumer":"user-{{{i % 20}}}"}}""");
        }

        return (Encoding.UTF8.GetBytes(text.Append(']').ToString()), ids);
    }
}
