using Portal.Domain.Pricing;

namespace Portal.Web.Api;

/// <summary>What customers pay, in credits or money.</summary>
public static class RateCardsApi
{
    private const string Example = """
        {"effective_at":"2026-01-01T00:00:00Z","rates":[
         {"meter":"llm","match":{"model":"gpt-4o","token_type":"input"},"unit":"CREDIT","price":{"model":"per_unit","amount":"0.5","per":"1000"}},
         {"meter":"llm","match":{"token_type":"output"},"unit":"CREDIT","price":{"model":"per_unit","amount":"2","per":"1000"}}]}
        """;

    /// <summary>Maps the endpoints.</summary>
    public static void Map(RouteGroupBuilder v1) =>
        CardEndpoints.Map(v1.MapGroup("/rate-cards").WithTags("Pricing"), CardKind.Rate, "rate-cards", "rate card", Example);
}
