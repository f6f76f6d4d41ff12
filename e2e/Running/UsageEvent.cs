using System.Globalization;
using System.Text.Json.Nodes;

namespace Portal.E2E.Running;

/// <summary>One answer of a language model, and what it comes to by the demo's rates, worked out here by hand.</summary>
public sealed record UsageEvent(string Id, string Tenant, string Model, int InputTokens, int OutputTokens, DateTimeOffset At)
{
    // US dollars per million tokens, input and output. A credit is sold for a cent; half as much again is the markup.
    private static readonly Dictionary<string, (decimal Input, decimal Output)> VendorPrices = new(StringComparer.Ordinal)
    {
        ["gpt-4o"] = (2.50m, 10.00m),
        ["gpt-4o-mini"] = (0.15m, 0.60m),
    };

    /// <summary>US dollars that the vendor asks.</summary>
    public decimal Cost => ((InputTokens * VendorPrices[Model].Input) + (OutputTokens * VendorPrices[Model].Output)) / 1_000_000m;

    /// <summary>Credits that it draws.</summary>
    public decimal Credits => Cost * 1.5m / 0.01m;

    /// <summary>An event of a tenant, now.</summary>
    public static UsageEvent Now(string tenant, string model, int inputTokens, int outputTokens) =>
        new(Guid.NewGuid().ToString("N"), tenant, model, inputTokens, outputTokens, DateTimeOffset.UtcNow);

    public object ToCloudEvent() => new
    {
        specversion = "1.0",
        type = "llm.completion",
        source = "e2e",
        id = Id,
        subject = Tenant,
        time = At.ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'", CultureInfo.InvariantCulture),
        data = new { model = Model, input_tokens = InputTokens, output_tokens = OutputTokens },
    };
}

/// <summary>Decimals as the API writes them.</summary>
internal static class Figure
{
    public static string Text(decimal figure) => figure.ToString(CultureInfo.InvariantCulture);

    public static decimal Of(JsonNode? node) => node is null ? 0m : decimal.Parse(node.GetValue<string>(), CultureInfo.InvariantCulture);
}
