using Npgsql;
using Portal.Domain.Kernel;
using Portal.Domain.Metering.Meters;
using Portal.Domain.Tenants;
using Portal.Web.Api.Http;

namespace Portal.Web.Api;

/// <summary>How events become quantities.</summary>
public static class MetersApi
{
    private const string Example = """
        {"event_type":"llm.completion","product":"llm","aggregation":"sum","filter":null,"dimensions":["model","tier"],
         "defaults":{"tier":"standard"},"quantities":[{"property":"input_tokens","set":{"token_type":"input"}},
         {"property":"output_tokens","set":{"token_type":"output"}}]}
        """;

    /// <summary>Maps the endpoints.</summary>
    public static void Map(RouteGroupBuilder v1)
    {
        var meters = v1.MapGroup("/meters").WithTags("Catalogue");
        meters.MapGet("", ListAsync).PlatformOnly(Scope.Read).Answers<Listing<MeterDocument>>().Says("List meters", "By key.");
        meters.MapGet("/{meter}", GetAsync).PlatformOnly(Scope.Read).Answers<MeterDocument>().Says("Get a meter");
        meters.MapPut("/{meter}", PutAsync).PlatformOnly().Answers<MeterDocument>(200, 201).Says(
            "Create or replace a meter",
            "Measures events from now on. Meters that could measure the same event are refused. A product that is new is created.",
            Example);
    }

    private static async Task<IResult> ListAsync([AsParameters] PageQuery query, NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        var page = query.Read();
        if (page.Problem is { } problem) return new ProblemAnswer(problem);
        var meters = await MeterStore.ListAsync(source, page.Value.After, page.Value.Fetch, cancellationToken);
        return page.Value.Answer(meters, meter => meter.Key, meter => MeterDocument.Of(meter.Key, meter.Definition));
    }

    private static async Task<IResult> GetAsync(string meter, NpgsqlDataSource source, CancellationToken cancellationToken) =>
        await MeterStore.FindAsync(source, meter, cancellationToken) is { } found
            ? Answer.Ok(MeterDocument.Of(found.Key, found.Definition))
            : new ProblemAnswer(Problem.NotFound("unknown_meter", $"There is no meter {meter}."));

    private static Task<IResult> PutAsync(string meter, Body<MeterDefinition> body, HttpContext http, ApiWrites writes, CancellationToken cancellationToken) =>
        writes.InCatalogueAsync(http, "meter.put", meter, async change =>
            (await MeterStore.PutAsync(change, meter, body.Value, cancellationToken))
                .Map(created => Answer.Put(created, $"/v1/meters/{meter}", MeterDocument.Of(meter, body.Value))));
}

/// <summary>A meter as the API shows it.</summary>
/// <param name="Key">Its key.</param>
/// <param name="EventType">CloudEvents type of the events it measures.</param>
/// <param name="Product">Key of the product that the usage is of.</param>
/// <param name="Aggregation">`count` or `sum`.</param>
/// <param name="Filter">Values that a property must have one of, by property; null for all events.</param>
/// <param name="Dimensions">Properties that become dimensions of every quantity.</param>
/// <param name="Defaults">Values of dimensions that an event leaves out.</param>
/// <param name="Quantities">What is measured; empty for `count`.</param>
public sealed record MeterDocument(
    string Key, string EventType, string Product, string Aggregation, IReadOnlyDictionary<string, IReadOnlyList<string>>? Filter,
    IReadOnlyList<string> Dimensions, IReadOnlyDictionary<string, string> Defaults, IReadOnlyList<QuantityDefinition> Quantities)
{
    /// <summary>The document of a meter.</summary>
    public static MeterDocument Of(string key, MeterDefinition meter)
    {
        ArgumentNullException.ThrowIfNull(meter);
        return new(key, meter.EventType!, meter.Product!, meter.Aggregation!, meter.Filter, meter.Dimensions ?? [],
            meter.Defaults ?? new Dictionary<string, string>(StringComparer.Ordinal), meter.Quantities ?? []);
    }
}
