using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using Portal.Bench.Running;

namespace Portal.Bench.Intake;

/// <summary>Whose events a request holds.</summary>
internal enum LoadShape
{
    /// <summary>All of one tenant.</summary>
    Hot,

    /// <summary>Each request of one tenant of many.</summary>
    TenantEach,

    /// <summary>Each event of another tenant.</summary>
    Mixed,
}

/// <summary>
/// Sends usage as fast as it is taken, or at a rate: 32 connections, 100 events a request. Bodies are sent again and again with other ids, which
/// are written where they stand: a load that writes text would take the server's processors.
/// </summary>
internal sealed class EventLoad(Uri address, string key, LoadShape shape, bool randomIds = false)
{
    public const int EventsPerRequest = 100;
    private const int Connections = 32;
    private long acknowledged;

    /// <summary>Events that the portal said it took.</summary>
    public long Acknowledged => Volatile.Read(ref acknowledged);

    /// <summary>Events acknowledged per second.</summary>
    public async Task<double> RunAsync(TimeSpan time) => (await RunAsync(time, requestsPerSecond: null)).PerSecond;

    /// <summary>The same, at most at a rate, with how long each request took, in milliseconds.</summary>
    public async Task<(double PerSecond, List<double> Milliseconds)> RunAsync(TimeSpan time, double? requestsPerSecond)
    {
        using var handler = new SocketsHttpHandler { MaxConnectionsPerServer = Connections };
        using var client = new HttpClient(handler) { BaseAddress = address };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        var (before, watch) = (Acknowledged, Stopwatch.StartNew());
        var took = await Task.WhenAll(Enumerable.Range(0, Connections).Select(connection => SendUntilAsync(client, watch, time, connection, requestsPerSecond / Connections)));
        return ((Acknowledged - before) / watch.Elapsed.TotalSeconds, [.. took.SelectMany(each => each)]);
    }

    private async Task<List<double>> SendUntilAsync(HttpClient client, Stopwatch watch, TimeSpan time, int connection, double? perSecond)
    {
        var (body, ids, subjects) = Template(connection);
        var took = new List<double>();
        for (var request = 0; watch.Elapsed < time; request++)
        {
            if (perSecond is { } rate && TimeSpan.FromSeconds((request + (connection / (double)Connections)) / rate) - watch.Elapsed is { Ticks: > 0 } early) await Task.Delay(early);
            Fill(body, ids, subjects, connection, request);
            var started = Stopwatch.GetTimestamp();
            using var content = new ByteArrayContent(body);
            content.Headers.ContentType = new MediaTypeHeaderValue("application/cloudevents-batch+json");
            using var response = await client.PostAsync(new Uri("/v1/events?detail=summary", UriKind.Relative), content);
            var text = await response.Content.ReadAsStringAsync();
            if (!text.StartsWith("""{"accepted":100,""", StringComparison.Ordinal)) throw new InvalidOperationException($"{(int)response.StatusCode} {text[..Math.Min(400, text.Length)]}");
            took.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            Interlocked.Add(ref acknowledged, EventsPerRequest);
        }

        return took;
    }

    private void Fill(byte[] body, int[] ids, int[] subjects, int connection, int request)
    {
        var now = DateTimeOffset.UtcNow;
        for (var i = 0; i < ids.Length; i++)
        {
            (randomIds ? Guid.NewGuid() : Guid.CreateVersion7(now)).TryFormat(body.AsSpan(ids[i]), out _);
            if (shape == LoadShape.Hot) continue;
            var tenant = shape == LoadShape.TenantEach ? (connection * 31) + request : (connection * 31) + (request * EventsPerRequest) + i;
            (tenant % PortalUnderTest.Tenants).TryFormat(body.AsSpan(subjects[i] + 1), out _, "0000", CultureInfo.InvariantCulture);
        }
    }

    private static (byte[] Body, int[] Ids, int[] Subjects) Template(int connection)
    {
        var time = DateTimeOffset.UtcNow.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
        var (text, ids, subjects) = (new StringBuilder(EventsPerRequest * 280).Append('['), new int[EventsPerRequest], new int[EventsPerRequest]);
        for (var i = 0; i < EventsPerRequest; i++)
        {
            if (i > 0) text.Append(',');
            text.Append("{\"specversion\":\"1.0\",\"id\":\"");
            ids[i] = text.Length;
            text.Append(CultureInfo.InvariantCulture, $"{Guid.Empty}\",\"source\":\"bench\",\"type\":\"llm.completion\",\"subject\":\"");
            subjects[i] = text.Length;
            text.Append(PortalUnderTest.HotTenant);
            text.Append(CultureInfo.InvariantCulture, $"\",\"time\":\"{time}\",\"data\":{{\"model\":\"gpt-4o\",\"input_tokens\":{1000 + (((connection * 31) + i) % 7000)},");
            text.Append(CultureInfo.InvariantCulture, $"\"output_tokens\":{10 + i},\"consumer\":\"user-{i % 20}\"}}}}");
        }

        return (Encoding.UTF8.GetBytes(text.Append(']').ToString()), ids, subjects);
    }
}
