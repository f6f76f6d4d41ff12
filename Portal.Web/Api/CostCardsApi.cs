using Portal.Domain.Kernel;
using Portal.Domain.Pricing;
using Portal.Domain.Pricing.Import;
using Portal.Web.Api.Http;

namespace Portal.Web.Api;

/// <summary>What the platform pays, in money, by vendor.</summary>
public static class CostCardsApi
{
    private const string Example = """
        {"effective_at":"2026-01-01T00:00:00Z","rates":[{"meter":"llm","match":{"model":"gpt-4o","token_type":"input"},"unit":"USD","vendor":"openai",
         "price":{"model":"per_unit","amount":"2.50","per":"1000000"}}]}
        """;

    private const string PriceMap = """
        {"gpt-4o":{"input_cost_per_token":2.5e-06,"output_cost_per_token":1e-05,"litellm_provider":"openai","mode":"chat"}}
        """;

    /// <summary>Maps the endpoints.</summary>
    public static void Map(RouteGroupBuilder v1)
    {
        var cards = v1.MapGroup("/cost-cards").WithTags("Pricing");
        CardEndpoints.Map(cards, CardKind.Cost, "cost-cards", "cost card", Example);
        cards.MapPost("/{card}/import", ImportAsync).PlatformOnly().Accepts<object>("application/json").Answers<ImportReport>().Says(
            "Import a LiteLLM price map",
            "Publishes its prices per token as a version that holds them and no others, and says what changed. `effective_at` (default now) and "
            + "`meter` (default llm) stand in the query; with `dry_run=true` it only says what would change. When nothing differs nothing is published.",
            PriceMap);
    }

    private static async Task<IResult> ImportAsync(string card, string? effective_at, string? meter, string? dry_run, HttpContext http, ApiWrites writes)
    {
        if (dry_run is not (null or "true" or "false"))
            return new ProblemAnswer(Problem.Field("dry_run", "invalid_dry_run", "dry_run is true or false."));
        DateTimeOffset? from = null;
        if (effective_at is not null)
        {
            if (!InstantJson.TryParse(effective_at, out var instant))
                return new ProblemAnswer(Problem.Field("effective_at", "invalid_instant", "Give an instant as RFC 3339 with its offset, such as 2026-03-01T10:15:00Z."));
            from = instant;
        }

        var read = await http.ReadBodyAsync(CardEndpoints.LargestBody);
        if (read.Problem is { } unread) return new ProblemAnswer(unread);
        if (dry_run == "true")
        {
            return await writes.InPlatformAsync(http, async platform =>
                (await CostCardImport.TryAsync(platform, card, read.Value, from, meter ?? "llm", http.RequestAborted)).Map(report => Answer.Ok(report)));
        }

        return await writes.InCatalogueAsync(http, "card.imported", $"cost-cards/{card}", async change =>
            (await CostCardImport.RunAsync(change, card, read.Value, from, meter ?? "llm", http.RequestAborted)).Map(report => Answer.Ok(report)));
    }
}
