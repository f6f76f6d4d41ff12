using System.Buffers;
using System.Text.Json;
using Portal.Domain.Metering.Meters;
using Portal.Domain.Pricing;
using Portal.Domain.Wallet;

namespace Portal.Domain.Metering.Intake;

/// <summary>
/// Finds the meter of an event, measures and rates it in memory and picks what is stored of it. Done on the request's thread; done
/// again under the lock only when the catalogue has changed meanwhile. One per request: not safe for concurrent callers.
/// </summary>
internal sealed class EventMeasuring(Catalogue catalogue)
{
    private readonly EventProperties properties = new();
    private readonly ArrayBufferWriter<byte> kept = new(4096); // grows: what was kept of earlier events stays where it is
    private readonly List<(string Name, int Start, int End)> members = [];

    private Catalogue? priced;

    /// <summary>The same at a tenant's prices, with what the tenant wants kept.</summary>
    public void Measure(UsageEvent usage, WalletDirectory directory) => Measure(usage, directory.Prices, directory.Keep);

    /// <summary>Measures and rates <paramref name="usage"/>; rejects it when a quantity is none. Unmeasured events keep all their data.</summary>
    /// <param name="usage">A parsed event.</param>
    /// <param name="prices">Whose prices come before the platform's.</param>
    /// <param name="keep">Further properties that the tenant wants kept.</param>
    public void Measure(UsageEvent usage, TenantPrices prices, IReadOnlySet<string> keep)
    {
        if (!ReferenceEquals(priced?.Prices, prices)) priced = catalogue.For(prices);
        (usage.PreparedFor, usage.PreparedWith) = (catalogue.Version, prices);
        (usage.OpenRating, usage.OwnProduct) = (null, null);
        properties.Clear();
        members.Clear();
        Read(usage.Data.Span);
        usage.Meter = catalogue.MeterFor(usage.Type, properties);
        if (usage.Meter is null)
        {
            usage.Rating = null;
            usage.Kept = usage.Data;
            return;
        }

        var measurement = usage.Meter.Measure(properties);
        if (measurement.Problem is { } problem)
        {
            usage.Reject(problem.Code, problem.Detail);
            return;
        }

        usage.Rating = priced!.Rate(usage.Meter, measurement, usage.OccurredAt);
        if (usage.Rating.Open is not null) usage.OpenRating = usage.Rating;
        usage.Kept = Keep(usage.Data, usage.Meter.PropertyNames, keep);
    }

    private void Read(ReadOnlySpan<byte> data)
    {
        var reader = new Utf8JsonReader(data);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var (name, start) = (EventParser.Names.Get(ref reader), (int)reader.TokenStartIndex);
            reader.Read();
            switch (reader.TokenType)
            {
                case JsonTokenType.String:
                    properties.Add(name, EventParser.Names.Get(ref reader));
                    break;
                case JsonTokenType.Number when reader.TryGetDecimal(out var number):
                    properties.Add(name, number);
                    break;
                case JsonTokenType.True or JsonTokenType.False:
                    properties.Add(name, reader.GetBoolean());
                    break;
                case JsonTokenType.Null:
                    break;
                default:
                    reader.Skip();
                    properties.AddComposite(name);
                    break;
            }

            members.Add((name, start, (int)reader.BytesConsumed));
        }
    }

    // The members that a meter reads or the tenant asked for, byte for byte as sent.
    private ReadOnlyMemory<byte> Keep(ReadOnlyMemory<byte> data, IReadOnlySet<string> read, IReadOnlySet<string> wanted)
    {
        var begin = kept.WrittenCount;
        kept.Write("{"u8);
        foreach (var (name, start, end) in members)
        {
            if (!read.Contains(name) && !wanted.Contains(name)) continue;
            if (kept.WrittenCount > begin + 1) kept.Write(","u8);
            kept.Write(data.Span[start..end]);
        }

        kept.Write("}"u8);
        return kept.WrittenMemory[begin..];
    }
}
