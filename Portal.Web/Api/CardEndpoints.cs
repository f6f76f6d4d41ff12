using System.Globalization;
using Npgsql;
using Portal.Domain.Kernel;
using Portal.Domain.Metering.Rerating;
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
        cards.MapGet("/{card}/versions/{version}/diff", (string card, string version, string? with, NpgsqlDataSource source, CancellationToken cancellationToken) =>
                DiffAsync(kind, card, version, with, source, cancellationToken))
            .PlatformOnly(Scope.Read).Answers<CardDiff>().Says(
                $"Compare versions of a {noun}", "What a version adds, removes and changes against the version `with`, else against the one before it.");
        cards.MapPost("/{card}/versions/preview", (string card, HttpContext http, ApiWrites writes) => PreviewAsync(kind, card, http, writes))
            .PlatformOnly().Accepts<VersionPreviewDefinition>("application/json").Answers<OperationDocument>(202).Says(
                $"Preview a version of a {noun} over a past period",
                "Checks the rates as publishing them would, and shows who would have paid more or less and what the margin would have been. Books and publishes nothing.",
                """{"from":"2026-03-01T00:00:00Z","to":"2026-04-01T00:00:00Z",""" + example.Trim()[1..]);
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

    private static async Task<IResult> DiffAsync(
        CardKind kind, string card, string version, string? with, NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        if (!int.TryParse(version, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            return new ProblemAnswer(Problem.NotFound("unknown_version", $"The card {card} has no version {version}."));
        int? other = null;
        if (with is not null)
        {
            if (!int.TryParse(with, NumberStyles.None, CultureInfo.InvariantCulture, out var named))
                return new ProblemAnswer(Problem.Field("with", "invalid_version", "Name the number of another version."));
            other = named;
        }

        return (await CardDiff.FindAsync(source, kind, card, number, other, cancellationToken)).ToAnswer();
    }

    private static async Task<IResult> PreviewAsync(CardKind kind, string card, HttpContext http, ApiWrites writes)
    {
        var read = await http.ReadBodyAsync(LargestBody);
        if (read.Problem is { } unread) return new ProblemAnswer(unread);
        var body = Body<VersionPreviewDefinition>.Map(read.Value);
        if (body.Problem is { } malformed) return new ProblemAnswer(malformed);
        var asked = body.Value;
        return await writes.InPlatformAsync(http, async platform => (await Rerates.PreviewAsync(
            platform, new VersionPreviewOrder(kind, card, asked.Rates, new ReratePeriod(asked.From, asked.To, asked.Tenants)), http.RequestAborted))
            .Map(OperationsApi.Accepted));
    }

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

/// <summary>A version to be, and the period to look at under it.</summary>
/// <param name="Rates">All its rates.</param>
/// <param name="From">Usage that happened from then on.</param>
/// <param name="To">Until then, exclusive.</param>
/// <param name="Tenants">Keys of the tenants concerned; absent: all.</param>
/// <param name="EffectiveAt">From when the version is to be; the preview looks at the whole period under it.</param>
public sealed record VersionPreviewDefinition(
    IReadOnlyList<RateDefinition> Rates, DateTimeOffset From, DateTimeOffset To, IReadOnlyList<string>? Tenants = null, DateTimeOffset? EffectiveAt = null);

/// <summary>What a version is to be.</summary>
/// <param name="Rates">All rates in force from its instant.</param>
/// <param name="EffectiveAt">From when, may be past; absent for now.</param>
public sealed record VersionDefinition(IReadOnlyList<RateDefinition> Rates, DateTimeOffset? EffectiveAt = null);
