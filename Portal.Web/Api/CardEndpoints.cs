using System.Globalization;
using Npgsql;
using Portal.Domain.Kernel;
using Portal.Domain.Pricing;
using Portal.Domain.Pricing.Rates;
using Portal.Domain.Tenants;
using Portal.Web.Api.Http;

namespace Portal.Web.Api;

/// <summary>What rate cards and cost cards have in common over HTTP.</summary>
internal static class CardEndpoints
{
    /// <summary>Largest body of a version or an import: 8 MiB.</summary>
    public const int LargestBody = 8 * 1024 * 1024;

    /// <summary>Maps list, get, put and versions of a kind of card.</summary>
    public static void Map(RouteGroupBuilder cards, CardKind kind, string path, string noun, string example)
    {
        cards.MapGet("", ([AsParameters] PageQuery query, NpgsqlDataSource source, CancellationToken cancellationToken) =>
                ListAsync(kind, query, source, cancellationToken))
            .PlatformOnly(Scope.Read).Answers<Listing<Card>>().Says($"List {noun}s", "By key, with their versions, the newest first.");
        cards.MapGet("/{card}", (string card, NpgsqlDataSource source, CancellationToken cancellationToken) => GetAsync(kind, card, source, cancellationToken))
            .PlatformOnly(Scope.Read).Answers<Card>().Says($"Get a {noun}", "With its versions, the newest first.");
        cards.MapPut("/{card}", (string card, Body<CardDefinition> body, HttpContext http, ApiWrites writes, NpgsqlDataSource source) =>
                PutAsync(kind, path, card, body.Value, http, writes, source))
            .PlatformOnly().Answers<Card>(200, 201).Says($"Create or rename a {noun}", example: """{"name":"Default"}""");
        cards.MapGet("/{card}/versions/{version}", (string card, string version, NpgsqlDataSource source, CancellationToken cancellationToken) =>
                GetVersionAsync(kind, card, version, source, cancellationToken))
            .PlatformOnly(Scope.Read).Answers<PublishedVersion>().Says($"Get a version of a {noun}", "With its rates as they were published.");
        cards.MapPost("/{card}/versions", (string card, HttpContext http, ApiWrites writes) => PublishAsync(kind, path, card, http, writes))
            .PlatformOnly().Accepts<VersionDefinition>("application/json").Answers<PublishedVersion>(201).Says(
                $"Publish a version of a {noun}",
                "It holds all rates in force from `effective_at` (default now; may be past). What was rated stays as it is. "
                + "A refusal names the rate and the field, and nothing is published.",
                example);
    }

    private static async Task<IResult> ListAsync(CardKind kind, PageQuery query, NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        var page = query.Read();
        if (page.Problem is { } problem) return new ProblemAnswer(problem);
        var cards = await Cards.ListAsync(source, kind, page.Value.After, page.Value.Fetch, cancellationToken);
        return page.Value.Answer(cards, card => card.Key, card => card);
    }

    private static async Task<IResult> GetAsync(CardKind kind, string card, NpgsqlDataSource source, CancellationToken cancellationToken) =>
        await Cards.FindAsync(source, kind, card, cancellationToken) is { } found ? Answer.Ok(found) : new ProblemAnswer(Cards.Unknown(kind, card));

    private static Task<IResult> PutAsync(
        CardKind kind, string path, string card, CardDefinition definition, HttpContext http, ApiWrites writes, NpgsqlDataSource source) =>
        writes.InCatalogueAsync(http, "card.put", $"{path}/{card}", async change =>
        {
            var put = await Cards.PutAsync(change, kind, card, definition.Name, http.RequestAborted);
            if (put.Problem is { } problem) return problem;
            var versions = (await Cards.FindAsync(source, kind, card, http.RequestAborted))?.Versions ?? [];
            return Answer.Put(put.Value, $"/v1/{path}/{card}", new Card(card, definition.Name, versions));
        });

    private static async Task<IResult> GetVersionAsync(
        CardKind kind, string card, string version, NpgsqlDataSource source, CancellationToken cancellationToken) =>
        int.TryParse(version, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
        && await Cards.FindVersionAsync(source, kind, card, number, cancellationToken) is { } found
            ? Answer.Ok(found)
            : new ProblemAnswer(Problem.NotFound("unknown_version", $"The card {card} has no version {version}."));

    private static async Task<IResult> PublishAsync(CardKind kind, string path, string card, HttpContext http, ApiWrites writes)
    {
        var read = await http.ReadBodyAsync(LargestBody);
        if (read.Problem is { } unread) return new ProblemAnswer(unread);
        var body = Body<VersionDefinition>.Map(read.Value);
        if (body.Problem is { } malformed) return new ProblemAnswer(malformed);
        return await writes.InCatalogueAsync(http, "card.published", $"{path}/{card}", async change =>
            (await Cards.PublishAsync(change, kind, card, body.Value.EffectiveAt, body.Value.Rates, http.RequestAborted))
                .Map(version => Answer.Created($"/v1/{path}/{card}/versions/{version.Version}", version)));
    }
}

/// <summary>What a card is to be.</summary>
/// <param name="Name">1 to 200 characters.</param>
public sealed record CardDefinition(string Name);

/// <summary>What a version is to be.</summary>
/// <param name="Rates">All rates in force from its instant.</param>
/// <param name="EffectiveAt">From when, may be past; absent for now.</param>
public sealed record VersionDefinition(IReadOnlyList<RateDefinition> Rates, DateTimeOffset? EffectiveAt = null);
