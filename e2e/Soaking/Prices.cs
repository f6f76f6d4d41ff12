using System.Globalization;
using Portal.E2E.Running;

namespace Portal.E2E.Soaking;

/// <summary>The prices of the soak, set by the API and worked out again here.</summary>
internal static class Prices
{
    public const string TextType = "soak.text", ImageType = "soak.image";

    // Credits for so many tokens, in and out; the input's does not come out even.
    private static readonly Dictionary<string, (decimal Input, decimal Output)> Text = new(StringComparer.Ordinal)
    {
        ["small"] = (0.07m, 0.2m),
        ["large"] = (0.7m, 2m),
    };

    // Up to so many images of a month, each.
    private static readonly (decimal UpTo, decimal Each)[] Images = [(1_000m, 0.05m), (20_000m, 0.03m), (decimal.MaxValue, 0.01m)];

    private const decimal PerInput = 3000m, PerOutput = 1000m;

    // US dollars that the vendor asks, a million tokens or an image.
    private const decimal CostOfTokens = 1.25m, CostOfImage = 0.0004m;

    public static string[] Models { get; } = [.. Text.Keys];

    public static async Task PublishAsync(PlatformApi api)
    {
        await api.PutAsync("v1/meters/soak-text", new
        {
            event_type = TextType,
            product = "soak-text",
            aggregation = "sum",
            dimensions = new[] { "model" },
            quantities = new[]
            {
                new { property = "input_tokens", set = new { token_type = "input" } },
                new { property = "output_tokens", set = new { token_type = "output" } },
            },
        });
        await api.PutAsync("v1/meters/soak-image", new
        {
            event_type = ImageType,
            product = "soak-image",
            aggregation = "sum",
            dimensions = Array.Empty<string>(),
            quantities = new[] { new { property = "images" } },
        });
        var since = DateTimeOffset.UtcNow.AddDays(-60).ToString("yyyy-MM-dd'T00:00:00Z'", CultureInfo.InvariantCulture);
        object Flat(string model, string type, decimal amount, decimal per) => new
        {
            meter = "soak-text",
            match = new { model, token_type = type },
            unit = "CREDIT",
            price = new { model = "per_unit", amount = Figure.Text(amount), per = Figure.Text(per) },
        };
        object tiers = new
        {
            meter = "soak-image",
            match = new { },
            unit = "CREDIT",
            price = new
            {
                model = "graduated",
                tiers = Images.Select(tier => new { up_to = tier.UpTo == decimal.MaxValue ? null : Figure.Text(tier.UpTo), unit_amount = Figure.Text(tier.Each) }),
            },
        };
        await api.PostAsync("v1/rate-cards/default/versions", new
        {
            effective_at = since,
            rates = Text.SelectMany(p => new[] { Flat(p.Key, "input", p.Value.Input, PerInput), Flat(p.Key, "output", p.Value.Output, PerOutput) }).Append(tiers),
        });
        await PublishCostsAsync(api, since);
    }

    private static async Task PublishCostsAsync(PlatformApi api, string since)
    {
        object Cost(string meter, decimal amount, decimal per) => new
        {
            meter,
            match = new { },
            unit = "USD",
            price = new { model = "per_unit", amount = Figure.Text(amount), per = Figure.Text(per) },
        };
        await api.PutAsync("v1/cost-cards/soak-vendor", new { name = "Soak's vendor" });
        await api.PostAsync("v1/cost-cards/soak-vendor/versions", new
        {
            effective_at = since,
            rates = new[] { Cost("soak-text", CostOfTokens, 1_000_000m), Cost("soak-image", CostOfImage, 1m) },
        });
    }

    /// <summary>What the vendor asks for work, in US dollars; of credits captured without an event nobody knows.</summary>
    public static decimal Cost(Work work) => work switch
    {
        TextWork text => (text.Input + text.Output) * CostOfTokens / 1_000_000m,
        ImageWork image => image.Images * CostOfImage,
        _ => 0m,
    };

    /// <summary>What text comes to alone; 0 for images.</summary>
    public static decimal Alone(Work work) => work switch
    {
        TextWork text => decimal.Round((text.Input * Text[text.Model].Input / PerInput) + (text.Output * Text[text.Model].Output / PerOutput), 9, MidpointRounding.ToEven),
        CapturedWork captured => captured.Credits,
        _ => 0m,
    };

    /// <summary>What so many images of one month come to.</summary>
    public static decimal OfImages(decimal images)
    {
        var (sum, below) = (0m, 0m);
        foreach (var (upTo, each) in Images)
        {
            sum += Math.Max(0m, Math.Min(images, upTo) - below) * each;
            below = upTo;
        }

        return sum;
    }

    /// <summary>What all work of one tenant comes to, in whatever order it came.</summary>
    public static decimal Of(IEnumerable<SoakEvent> events)
    {
        var (alone, images) = (0m, new Dictionary<(int, int), decimal>());
        foreach (var one in events)
        {
            alone += Alone(one.Work);
            if (one.Work is ImageWork image) images[(one.At.Year, one.At.Month)] = images.GetValueOrDefault((one.At.Year, one.At.Month)) + image.Images;
        }

        return alone + images.Values.Sum(OfImages);
    }
}
