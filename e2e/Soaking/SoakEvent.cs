using System.Globalization;
using Portal.E2E.Running;

namespace Portal.E2E.Soaking;

/// <summary>What was done for a customer.</summary>
internal abstract record Work(string Pool)
{
    /// <summary>The <c>data</c> of its event.</summary>
    public abstract object Data { get; }
}

/// <summary>An answer of a language model: each event is priced alone, and rounds.</summary>
internal sealed record TextWork(string Pool, string Model, int Input, int Output) : Work(Pool)
{
    public override object Data => new { model = Model, input_tokens = Input, output_tokens = Output, pool = Pool, consumer = $"agent-of-{Pool}" };
}

/// <summary>Images: priced by what the calendar month has come to.</summary>
internal sealed record ImageWork(string Pool, int Images) : Work(Pool)
{
    public override object Data => new { images = Images, pool = Pool };
}

/// <summary>Credits captured without an event of ours; the portal writes one.</summary>
internal sealed record CapturedWork(decimal Credits) : Work("shared")
{
    public override object Data => throw new NotSupportedException("It is sent as an amount.");
}

/// <summary>An event as it is sent, and sent again.</summary>
internal sealed record SoakEvent(string Source, string Id, string Tenant, DateTimeOffset At, Work Work)
{
    public const string OurSource = "soak";

    public string Type => Work is ImageWork ? Prices.ImageType : Prices.TextType;

    public object ToCloudEvent() => new
    {
        specversion = "1.0",
        type = Type,
        source = Source,
        id = Id,
        subject = Tenant,
        time = At.ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'", CultureInfo.InvariantCulture),
        data = Work.Data,
    };
}

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

    public static string[] Models { get; } = [.. Text.Keys];

    public static async Task PublishAsync(PlatformApi api)
    {
        await api.PutAsync("v1/meters/soak-text", new
        {
            event_type = TextType, product = "soak-text", aggregation = "sum", dimensions = new[] { "model" },
            quantities = new[]
            {
                new { property = "input_tokens", set = new { token_type = "input" } },
                new { property = "output_tokens", set = new { token_type = "output" } },
            },
        });
        await api.PutAsync("v1/meters/soak-image", new
        {
            event_type = ImageType, product = "soak-image", aggregation = "sum", dimensions = Array.Empty<string>(),
            quantities = new[] { new { property = "images" } },
        });
        var since = DateTimeOffset.UtcNow.AddDays(-60).ToString("yyyy-MM-dd'T00:00:00Z'", CultureInfo.InvariantCulture);
        object Flat(string model, string type, decimal amount, decimal per) => new
        {
            meter = "soak-text", match = new { model, token_type = type }, unit = "CREDIT",
            price = new { model = "per_unit", amount = Figure.Text(amount), per = Figure.Text(per) },
        };
        object tiers = new
        {
            meter = "soak-image", match = new { }, unit = "CREDIT",
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
    }

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
