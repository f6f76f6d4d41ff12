using Portal.Domain.Kernel;
using Portal.Domain.Metering.Rerating;
using Portal.Domain.Tenants;
using Portal.Web.Api.Http;

namespace Portal.Web.Api;

/// <summary>Correction of prices: a period is rated again.</summary>
public static class ReratesApi
{
    private const string Example = """
        {"rate_card":"default","version":3,"from":"2026-03-01T00:00:00Z","to":"2026-04-01T00:00:00Z","tenants":["acme"],"preview":true}
        """;

    /// <summary>Maps the endpoint.</summary>
    public static void Map(RouteGroupBuilder v1) =>
        v1.MapPost("/rerates", RerateAsync).PlatformOnly().WithTags("Pricing").Answers<OperationDocument>(202).Says(
            "Rate a period again",
            "Prices all usage of the period under the named version and posts the differences; with `preview` it shows them and books nothing. "
            + "What was voided, and what the version does not price, stays; so do costs. Asked twice, the second time changes nothing. "
            + "Answers an operation: `GET /v1/operations/{id}` tells how far it is.",
            Example);

    private static Task<IResult> RerateAsync(Body<RerateDefinition> body, HttpContext http, ApiWrites writes) =>
        writes.InPlatformAsync(http, async platform =>
        {
            var asked = body.Value;
            var started = await Rerates.StartAsync(
                platform, new RerateOrder(asked.RateCard, asked.Version, new ReratePeriod(asked.From, asked.To, asked.Tenants), asked.Preview), http.RequestAborted);
            if (started.Problem is { } problem) return problem;
            if (!asked.Preview)
            {
                await Audit.WriteAsync(
                    platform.Connection, 0, platform.Now, platform.Actor, "rerate.asked", started.Value.PublicId,
                    new { asked.RateCard, asked.Version, asked.From, asked.To, asked.Tenants }, http.RequestAborted);
            }

            return OperationsApi.Accepted(started.Value);
        });
}

/// <summary>What is to be rated again.</summary>
/// <param name="RateCard">Key of the card.</param>
/// <param name="Version">The version that prices the period.</param>
/// <param name="From">Usage that happened from then on.</param>
/// <param name="To">Until then, exclusive.</param>
/// <param name="Tenants">Keys of the tenants concerned; absent: all.</param>
/// <param name="Preview">True shows the differences and books nothing.</param>
public sealed record RerateDefinition(
    string RateCard, int Version, DateTimeOffset From, DateTimeOffset To, IReadOnlyList<string>? Tenants = null, bool Preview = false);
