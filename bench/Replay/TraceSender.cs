using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.IO.Hashing;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Portal.Domain.Kernel;

namespace Portal.Bench.Replay;

/// <summary>Counts and credits of what was answered.</summary>
internal sealed record ReplayTotals
{
    public int Accepted, Duplicate, Unrated, Conflict, Rejected;
    public decimal AcceptedCredits, DuplicateCredits;
}

/// <summary>What the portal's usage call says of a period.</summary>
internal readonly record struct UsageFigures(decimal? Revenue, decimal? Cost, decimal? Margin);

/// <summary>Sends a trace in batches, several at a time, and repeats what was not acknowledged.</summary>
internal sealed class TraceSender(HttpClient client, Trace trace, string tenant, string model, string? pool, string? consumer, string? team)
{
    private const int Attempts = 8;
    private readonly Lock counting = new();
    private readonly HashSet<string> problems = new(StringComparer.Ordinal);
    private int done;

    public ReplayTotals Totals { get; } = new();

    /// <summary>What went wrong, each kind once.</summary>
    public IReadOnlyCollection<string> Problems => problems;

    public Task SendAsync(int batch, int parallel, Action<int> progress) =>
        Parallel.ForEachAsync(trace.Rows.Chunk(batch), new ParallelOptions { MaxDegreeOfParallelism = parallel }, async (rows, cancellationToken) =>
        {
            await SendAsync(rows, cancellationToken);
            lock (counting) progress(done += rows.Length);
        });

    /// <summary>Revenue, cost and margin of the model in the hours that the trace touches.</summary>
    public async Task<UsageFigures> UsageAsync()
    {
        // An hour more at both ends: hours of a zone may begin at half past.
        var (from, to) = (Hour(trace.Rows.Min(row => row.At)).AddHours(-1), Hour(trace.Rows.Max(row => row.At)).AddHours(2));
        using var response = await client.GetAsync(new Uri(
            $"/v1/tenants/{tenant}/usage?from={InstantText.Format(from)}&to={InstantText.Format(to)}&group_by=model", UriKind.Relative));
        var text = await response.Content.ReadAsStringAsync();
        if (!response.IsSuccessStatusCode) throw new HttpRequestException($"The usage of '{tenant}' cannot be read: {(int)response.StatusCode} {text}");
        using var document = JsonDocument.Parse(text);
        foreach (var row in document.RootElement.GetProperty("rows").EnumerateArray())
        {
            if (row.GetProperty("model").GetString() == model) return new UsageFigures(Figure(row, "revenue"), Figure(row, "cost"), Figure(row, "margin"));
        }

        return new UsageFigures(0m, 0m, 0m);
    }

    private static decimal? Figure(JsonElement row, string name) =>
        row.TryGetProperty(name, out var figure) && figure.ValueKind == JsonValueKind.String
            ? decimal.Parse(figure.GetString()!, CultureInfo.InvariantCulture)
            : null;

    private static DateTimeOffset Hour(DateTimeOffset instant) => new(instant.UtcTicks - (instant.UtcTicks % TimeSpan.TicksPerHour), TimeSpan.Zero);

    private async Task SendAsync(TraceRow[] rows, CancellationToken cancellationToken)
    {
        var body = Body(rows);
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                using var content = new ReadOnlyMemoryContent(body);
                content.Headers.ContentType = new MediaTypeHeaderValue("application/cloudevents-batch+json");
                using var response = await client.PostAsync(new Uri("/v1/events", UriKind.Relative), content, cancellationToken);
                var retry = response.StatusCode is HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable;
                if (!retry || attempt == Attempts)
                {
                    await CountAsync(response, cancellationToken);
                    return;
                }
            }
            catch (HttpRequestException) when (attempt < Attempts)
            {
                // Not acknowledged: identity makes it safe to send again.
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100 << attempt), cancellationToken);
        }
    }

    private async Task CountAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var text = await response.Content.ReadAsStringAsync(cancellationToken);
        if ((int)response.StatusCode is not (200 or 207)) throw new HttpRequestException($"The portal refused the usage: {(int)response.StatusCode} {text}");
        using var answer = JsonDocument.Parse(text);
        lock (counting)
        {
            foreach (var result in answer.RootElement.GetProperty("results").EnumerateArray()) Count(result);
        }
    }

    private void Count(JsonElement result)
    {
        var credits = result.TryGetProperty("credits", out var text) ? decimal.Parse(text.GetString()!, CultureInfo.InvariantCulture) : 0m;
        switch (result.GetProperty("status").GetString())
        {
            case "accepted":
                Totals.Accepted++;
                Totals.AcceptedCredits += credits;
                break;
            case "duplicate":
                Totals.Duplicate++;
                Totals.DuplicateCredits += credits;
                break;
            case "unrated":
                Totals.Unrated++;
                break;
            default:
                if (result.GetProperty("status").ValueEquals("conflict")) Totals.Conflict++;
                else Totals.Rejected++;
                problems.Add($"{result.GetProperty("code").GetString()}: {result.GetProperty("detail").GetString()}");
                break;
        }
    }

    private ReadOnlyMemory<byte> Body(TraceRow[] rows)
    {
        var buffer = new ArrayBufferWriter<byte>(rows.Length * 320);
        using var writer = new Utf8JsonWriter(buffer);
        writer.WriteStartArray();
        foreach (var row in rows)
        {
            writer.WriteStartObject();
            writer.WriteString("specversion", "1.0");
            writer.WriteString("id", IdOf(row));
            writer.WriteString("source", "replay/" + trace.Name);
            writer.WriteString("type", "llm.completion");
            writer.WriteString("subject", tenant);
            writer.WriteString("time", InstantText.Format(row.At));
            writer.WriteStartObject("data");
            writer.WriteString("model", model);
            writer.WriteNumber("input_tokens", row.InputTokens);
            writer.WriteNumber("output_tokens", row.OutputTokens);
            if (pool is not null) writer.WriteString("pool", pool);
            if (consumer is not null) writer.WriteString("consumer", consumer);
            if (team is not null) writer.WriteString("team", team);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.Flush();
        return buffer.WrittenMemory;
    }

    // A UUIDv7 that is a function of the trace, its row and its time: the same replay has the same ids, in the order of time.
    private string IdOf(TraceRow row)
    {
        Span<byte> id = stackalloc byte[16];
        var hash = new XxHash128(unchecked((long)trace.Digest));
        hash.Append(Encoding.UTF8.GetBytes($"{model}\n{pool}\n{consumer}\n{team}\n{row.Number}\n{row.At.UtcTicks}"));
        hash.GetCurrentHash(id);
        var milliseconds = row.At.ToUnixTimeMilliseconds();
        BinaryPrimitives.WriteUInt16BigEndian(id, (ushort)(milliseconds >> 32));
        BinaryPrimitives.WriteUInt32BigEndian(id[2..], unchecked((uint)milliseconds));
        id[6] = (byte)(0x70 | (id[6] & 0x0f));
        id[8] = (byte)(0x80 | (id[8] & 0x3f));
        return new Guid(id, bigEndian: true).ToString();
    }
}
