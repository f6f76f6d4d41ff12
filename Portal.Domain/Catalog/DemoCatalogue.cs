using System.Globalization;
using Npgsql;
using Portal.Domain.Kernel;
using Portal.Domain.Metering.Meters;
using Portal.Domain.Pricing;
using Portal.Domain.Pricing.Rates;

namespace Portal.Domain.Catalog;

/// <summary>
/// What a new portal sells until its operator says otherwise: one meter for language models, some twenty models at their vendors' public
/// prices, a rate card with a markup on them, three packs. A model that is not listed is unrated: there is no fallback price to hide it.
/// </summary>
public static class DemoCatalogue
{
    /// <summary>The meter, and the product that it is of.</summary>
    public const string Meter = "llm";

    /// <summary>The cost card of all vendors; a LiteLLM price map imported into it shows what changed.</summary>
    public const string CostCard = "vendors";

    /// <summary>What customers pay over what the vendor asks.</summary>
    public const decimal Markup = 1.5m;

    /// <summary>US dollars that one credit stands for in the rate card.</summary>
    public const decimal DollarsPerCredit = 0.01m;

    /// <summary>From when the demo prices are in force.</summary>
    public static readonly DateTimeOffset EffectiveAt = new(2020, 1, 1, 0, 0, 0, TimeSpan.Zero);

    // US dollars per million tokens as the vendors published them in 2025: input, cached input, cache write, output, input and output
    // in batches; "-" is not offered. Reasoning tokens are billed as output by all of them.
    private const string PublicPrices = """
        gpt-4o                        openai     2.50    1.25    -       10.00   1.25    5.00
        gpt-4o-mini                   openai     0.15    0.075   -       0.60    0.075   0.30
        gpt-4.1                       openai     2.00    0.50    -       8.00    1.00    4.00
        gpt-4.1-mini                  openai     0.40    0.10    -       1.60    0.20    0.80
        gpt-4.1-nano                  openai     0.10    0.025   -       0.40    0.05    0.20
        gpt-5                         openai     1.25    0.125   -       10.00   -       -
        gpt-5-mini                    openai     0.25    0.025   -       2.00    -       -
        gpt-5-nano                    openai     0.05    0.005   -       0.40    -       -
        o3                            openai     2.00    0.50    -       8.00    -       -
        o4-mini                       openai     1.10    0.275   -       4.40    -       -
        claude-opus-4-1               anthropic  15.00   1.50    18.75   75.00   -       -
        claude-sonnet-4-20250514      anthropic  3.00    0.30    3.75    15.00   -       -
        claude-3-7-sonnet-20250219    anthropic  3.00    0.30    3.75    15.00   -       -
        claude-3-5-haiku-20241022     anthropic  0.80    0.08    1.00    4.00    -       -
        gemini-2.5-pro                google     1.25    0.3125  -       10.00   -       -
        gemini-2.5-flash              google     0.30    0.075   -       2.50    -       -
        gemini-2.5-flash-lite         google     0.10    0.025   -       0.40    -       -
        gemini-2.0-flash              google     0.10    0.025   -       0.40    -       -
        mistral/mistral-large-latest  mistral    2.00    -       -       6.00    -       -
        mistral/mistral-small-latest  mistral    0.10    -       -       0.30    -       -
        xai/grok-4                    xai        3.00    -       -       15.00   -       -
        groq/llama-3.3-70b-versatile  groq       0.59    -       -       0.79    -       -
        """;

    private static readonly (string TokenType, string Tier)[] Columns =
    [
        ("input", "standard"), ("cached_input", "standard"), ("cache_write", "standard"), ("output", "standard"), ("input", "batch"), ("output", "batch"),
    ];

    /// <summary>The meter as PUT /v1/meters/llm writes it.</summary>
    public static MeterDefinition MeterDefinition { get; } = new()
    {
        EventType = "llm.completion",
        Product = Meter,
        Aggregation = "sum",
        Dimensions = ["model", "tier"],
        Defaults = new Dictionary<string, string>(StringComparer.Ordinal) { ["tier"] = "standard" },
        Quantities =
        [
            Quantity("input_tokens", "input"), Quantity("cached_input_tokens", "cached_input"), Quantity("cache_write_tokens", "cache_write"),
            Quantity("output_tokens", "output"), Quantity("reasoning_tokens", "reasoning"),
        ],
    };

    /// <summary>Rates of the cost card <see cref="CostCard"/>, in US dollars per million tokens.</summary>
    public static IReadOnlyList<RateDefinition> Costs { get; } =
        [.. Read().Select(price => RateOf(price, "USD", price.PerMillion, 1_000_000m) with { Vendor = price.Vendor })];

    /// <summary>Rates of the card <c>default</c>, in credits per thousand tokens: cost × <see cref="Markup"/> ÷ <see cref="DollarsPerCredit"/>.</summary>
    public static IReadOnlyList<RateDefinition> Rates { get; } =
        [.. Read().Select(price => RateOf(price, Rate.CreditUnit, price.PerMillion * Markup / DollarsPerCredit / 1000m, 1000m))];

    /// <summary>Packs by key, as PUT /v1/packs/{key} writes them: the larger, the cheaper a credit.</summary>
    public static IReadOnlyDictionary<string, PackDefinition> PacksForSale { get; } = new Dictionary<string, PackDefinition>(StringComparer.Ordinal)
    {
        ["starter"] = PackOf("Starter", credits: 1000m, bonus: 0m, price: 10.00m),
        ["growth"] = PackOf("Growth", credits: 5000m, bonus: 250m, price: 45.00m),
        ["scale"] = PackOf("Scale", credits: 25_000m, bonus: 2500m, price: 200.00m),
    };

    /// <summary>Makes all of it in one change, unless a meter of that key or a version of the default rate card is there already.</summary>
    public static async Task EnsureAsync(NpgsqlDataSource source, CancellationToken cancellationToken = default)
    {
        const string sql = "select exists (select from meters where key = $1) or exists (select from rate_card_versions where card = $2)";
        await using var present = source.CreateCommand(sql);
        present.Parameters.AddWithValue(Meter);
        present.Parameters.AddWithValue(RateCards.Default);
        if (await present.ExecuteScalarAsync(cancellationToken) is true) return;

        var made = await CatalogueChange.RunAsync<Done>(source, async change =>
        {
            await using var again = change.Command(sql, Meter, RateCards.Default); // another process may have been first
            if (await again.ExecuteScalarAsync(cancellationToken) is true) return default(Done);
            await MakeAsync(change, cancellationToken);
            return default(Done);
        }, cancellationToken);
        if (made.Problem is { } problem) throw new InvalidOperationException(problem.Detail);
    }

    private static async Task MakeAsync(CatalogueChange change, CancellationToken cancellationToken)
    {
        Must(await MeterStore.PutAsync(change, Meter, MeterDefinition, cancellationToken));
        Must(await Products.PutAsync(change, Meter, "Language models", cancellationToken));
        Must(await Cards.PutAsync(change, CardKind.Cost, CostCard, "Vendors' public prices", cancellationToken));
        Must(await Cards.PublishAsync(change, CardKind.Cost, CostCard, EffectiveAt, Costs, cancellationToken));
        Must(await Cards.PutAsync(change, CardKind.Rate, RateCards.Default, "Default", cancellationToken));
        Must(await Cards.PublishAsync(change, CardKind.Rate, RateCards.Default, EffectiveAt, Rates, cancellationToken));
        foreach (var (key, pack) in PacksForSale) Must(await Packs.PutAsync(change, key, pack, cancellationToken));
        Must(await Plans.PutAsync(change, TeamPlan, Team, cancellationToken));
    }

    /// <summary>Key of the plan.</summary>
    public const string TeamPlan = "team";

    private static PlanDefinition Team => new()
    {
        Name = "Team",
        Currency = "USD",
        Period = "month",
        Items =
        [
            new PlanItemDefinition { Key = "base", Type = "flat", Amount = 49m },
            new PlanItemDefinition { Key = "seats", Type = "seat", Amount = 12m, Included = 3m },
        ],
    };

    private static void Must<T>(Result<T> result)
    {
        if (result.Problem is { } problem) throw new InvalidOperationException($"The demo catalogue is refused: {problem.Detail}");
    }

    private static IEnumerable<(string Model, string Vendor, string TokenType, string Tier, decimal PerMillion)> Read()
    {
        foreach (var line in PublicPrices.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var cells = line.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            for (var i = 0; i < Columns.Length; i++)
            {
                if (cells[i + 2] == "-") continue;
                var price = decimal.Parse(cells[i + 2], CultureInfo.InvariantCulture);
                yield return (cells[0], cells[1], Columns[i].TokenType, Columns[i].Tier, price);
                if (Columns[i] is ("output", "standard")) yield return (cells[0], cells[1], "reasoning", "standard", price);
            }
        }
    }

    private static RateDefinition RateOf(
        (string Model, string Vendor, string TokenType, string Tier, decimal PerMillion) price, string unit, decimal amount, decimal per) => new()
        {
            Meter = Meter,
            Match = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["model"] = price.Model,
                ["token_type"] = price.TokenType,
                ["tier"] = price.Tier,
            },
            Unit = unit,
            Price = PriceDefinition.PerUnit(amount, per),
        };

    private static QuantityDefinition Quantity(string property, string tokenType) =>
        new() { Property = property, Set = new Dictionary<string, string>(StringComparer.Ordinal) { ["token_type"] = tokenType } };

    private static PackDefinition PackOf(string name, decimal credits, decimal bonus, decimal price) => new()
    {
        Name = name,
        Credits = credits,
        BonusCredits = bonus,
        Price = new PackPrice(price, null),
        Currency = "USD",
        ExpiresAfter = "P1Y",
        Priority = 50,
        Tax = "exclusive",
        Active = true,
    };
}
