using System.Text.Json;
using Npgsql;
using Portal.Domain.Kernel;
using Portal.Domain.Pricing.Rates;

namespace Portal.Domain.Pricing;

/// <summary>A rate or cost card and what has been published under it.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Name">What people call it.</param>
/// <param name="Versions">Its versions, the newest first, without their rates.</param>
public sealed record Card(string Key, string Name, IReadOnlyList<CardVersionSummary> Versions);

/// <summary>A version without its rates.</summary>
/// <param name="Id">Number over all cards of the kind, as ratings name it.</param>
/// <param name="Version">Number in its card, from 1.</param>
/// <param name="EffectiveAt">In force from this instant until a later version's.</param>
/// <param name="PublishedAt">When it was published.</param>
/// <param name="RateCount">How many rates it has.</param>
/// <param name="State"><c>scheduled</c>: it takes effect later; <c>in_force</c>; or <c>past</c>, when a later one took its place.</param>
public sealed record CardVersionSummary(int Id, int Version, DateTimeOffset EffectiveAt, DateTimeOffset PublishedAt, int RateCount, string State);

/// <summary>A version with its rates as they were published.</summary>
/// <param name="Card">Key of the card.</param>
/// <param name="Version">Number in its card, from 1.</param>
/// <param name="Id">Number over all cards of the kind, as ratings name it.</param>
/// <param name="EffectiveAt">In force from this instant until a later version's.</param>
/// <param name="PublishedAt">When it was published.</param>
/// <param name="Rates">All its rates.</param>
public sealed record PublishedVersion(
    string Card, int Version, int Id, DateTimeOffset EffectiveAt, DateTimeOffset PublishedAt, IReadOnlyList<RateDefinition> Rates);

/// <summary>Rate cards and cost cards: naming them, publishing versions, reading them.</summary>
public static class Cards
{
    /// <summary>Makes a card or renames it. Answers whether it is new.</summary>
    public static async Task<Result<bool>> PutAsync(
        CatalogueChange change, CardKind kind, string key, string? name, CancellationToken cancellationToken = default)
    {
        if (Slug.Check("key", key) is { } badKey) return badKey;
        if (name is not { Length: > 0 and <= 200 }) return Problem.Field("name", "required", "A name of 1 to 200 characters is needed.");
        var sql = $"""
            insert into {kind.Table()} (key, name, created_at) values ($1, $2, $3)
            on conflict (key) do update set name = excluded.name returning xmax = 0
            """;
        await using var command = change.Command(sql, key, name, change.Now);
        return (bool)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    /// <summary>
    /// Publishes a version: all rates in force from its instant. What was rated stays as it is. Everything is checked first, against the
    /// meters and, for costs, against the other cards in force; errors name the rate's index and field.
    /// </summary>
    /// <param name="change">The change that it is part of.</param>
    /// <param name="kind">Rate or cost.</param>
    /// <param name="key">The card, which must exist.</param>
    /// <param name="effectiveAt">From when it is in force, may be past; null for now.</param>
    /// <param name="definitions">All its rates.</param>
    /// <param name="cancellationToken">Stops it before it is committed.</param>
    public static async Task<Result<PublishedVersion>> PublishAsync(
        CatalogueChange change, CardKind kind, string key, DateTimeOffset? effectiveAt, IReadOnlyList<RateDefinition>? definitions,
        CancellationToken cancellationToken = default)
    {
        if (!await ExistsAsync(change.Connection, change.Transaction, kind, key, cancellationToken)) return Unknown(kind, key);
        var rates = await CheckRatesAsync(change.Connection, change.Transaction, kind, key, definitions, cancellationToken);
        if (rates.Problem is { } invalid) return invalid;

        // A version's number counts from the versions of its card; its id comes from the database.
        var version = await NextVersionAsync(change, kind, key, cancellationToken);
        var candidate = new CardVersion(0, key, version, effectiveAt ?? change.Now, change.Now, rates.Value);
        if (kind == CardKind.Cost && await CostOverlaps.CheckAsync(change.Connection, change.Transaction, candidate, cancellationToken) is { } overlap) return overlap;
        var id = await InsertAsync(change, kind, candidate, definitions!, cancellationToken);
        if (kind == CardKind.Rate) await Operations.RateLateAsync(change, $"rate_card:{key}", cancellationToken);
        return new PublishedVersion(key, version, id, candidate.EffectiveAt, candidate.PublishedAt, definitions!);
    }

    /// <summary>A card with its versions; null when there is none of that key.</summary>
    public static async Task<Card?> FindAsync(NpgsqlDataSource source, CardKind kind, string key, CancellationToken cancellationToken = default) =>
        (await ReadAsync(source, kind, "c.key = $1", key, 1, cancellationToken)).SingleOrDefault();

    /// <summary>Cards in order of their keys, from the one after <paramref name="after"/>.</summary>
    public static Task<IReadOnlyList<Card>> ListAsync(
        NpgsqlDataSource source, CardKind kind, string? after, int limit, CancellationToken cancellationToken = default) =>
        ReadAsync(source, kind, "c.key > $1", after ?? "", limit, cancellationToken);

    /// <summary>A version with its rates as they were published; null when there is no such version.</summary>
    public static async Task<PublishedVersion?> FindVersionAsync(
        NpgsqlDataSource source, CardKind kind, string key, int version, CancellationToken cancellationToken = default)
    {
        var sql = $"select id, effective_at, published_at, rates from {kind.VersionsTable()} where card = $1 and version = $2";
        await using var command = source.CreateCommand(sql);
        command.Parameters.AddWithValue(key);
        command.Parameters.AddWithValue(version);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken)) return null;
        return new PublishedVersion(
            key, version, reader.GetInt32(0), reader.GetFieldValue<DateTimeOffset>(1), reader.GetFieldValue<DateTimeOffset>(2),
            JsonSerializer.Deserialize<List<RateDefinition>>(reader.GetString(3), PortalJson.Options)!);
    }

    /// <summary>The problem of a card that is not there.</summary>
    public static Problem Unknown(CardKind kind, string key) => kind switch
    {
        CardKind.Rate => Problem.NotFound("unknown_rate_card", $"There is no rate card {key}. Make it first: PUT /v1/rate-cards/{key}."),
        CardKind.Cost => Problem.NotFound("unknown_cost_card", $"There is no cost card {key}. Make it first: PUT /v1/cost-cards/{key}."),
        _ => throw new InvalidOperationException($"Unknown kind {kind}."),
    };

    /// <summary>The checked rates of a version to be, each by itself and all together; errors name the rate's index and field.</summary>
    public static async Task<Result<IReadOnlyList<Rate>>> CheckRatesAsync(
        NpgsqlConnection connection, NpgsqlTransaction? transaction, CardKind kind, string key, IReadOnlyList<RateDefinition>? definitions,
        CancellationToken cancellationToken = default)
    {
        var errors = new FieldErrors();
        var rates = RateChecks.Check(kind, key, definitions, errors);
        if (errors.None) RateChecks.CheckTogether(rates, await MeterShape.ReadAsync(connection, transaction, cancellationToken), errors);
        return errors.ToProblem() is { } invalid ? invalid : Result.Of(rates);
    }

    internal static async Task<bool> ExistsAsync(
        NpgsqlConnection connection, NpgsqlTransaction? transaction, CardKind kind, string key, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand($"select exists (select from {kind.Table()} where key = $1)", connection, transaction);
        command.Parameters.AddWithValue(key);
        return (bool)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private static async Task<IReadOnlyList<Card>> ReadAsync(
        NpgsqlDataSource source, CardKind kind, string condition, string key, int limit, CancellationToken cancellationToken)
    {
        var sql = $"""
            select c.key, c.name, v.id, v.version, v.effective_at, v.published_at, json_array_length(v.rates),
              case when v.effective_at > n.now then 'scheduled'
                when row_number() over (partition by c.key, v.effective_at > n.now order by v.effective_at desc, v.version desc) = 1 then 'in_force'
                else 'past' end
            from (select key, name from {kind.Table()} c where {condition} order by key limit $2) c
            cross join (select now() + clock_offset as now from platform) n
            left join {kind.VersionsTable()} v on v.card = c.key order by c.key, v.version desc
            """;
        await using var command = source.CreateCommand(sql);
        command.Parameters.AddWithValue(key);
        command.Parameters.AddWithValue(limit);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var cards = new List<(string Key, string Name, List<CardVersionSummary> Versions)>();
        while (await reader.ReadAsync(cancellationToken))
        {
            if (cards.Count == 0 || cards[^1].Key != reader.GetString(0)) cards.Add((reader.GetString(0), reader.GetString(1), []));
            if (reader.IsDBNull(2)) continue;
            cards[^1].Versions.Add(new CardVersionSummary(
                reader.GetInt32(2), reader.GetInt32(3), reader.GetFieldValue<DateTimeOffset>(4), reader.GetFieldValue<DateTimeOffset>(5), reader.GetInt32(6),
                reader.GetString(7)));
        }

        return [.. cards.Select(card => new Card(card.Key, card.Name, card.Versions))];
    }

    private static async Task<int> NextVersionAsync(CatalogueChange change, CardKind kind, string key, CancellationToken cancellationToken)
    {
        await using var command = change.Command($"select coalesce(max(version), 0) + 1 from {kind.VersionsTable()} where card = $1", key);
        return (int)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private static async Task<int> InsertAsync(
        CatalogueChange change, CardKind kind, CardVersion version, IReadOnlyList<RateDefinition> definitions, CancellationToken cancellationToken)
    {
        var sql = $"""
            insert into {kind.VersionsTable()} (card, version, effective_at, rates, catalogue_version, published_at)
            values ($1, $2, $3, $4::json, $5, $6) returning id
            """;
        await using var command = change.Command(
            sql, version.Card, version.Version, version.EffectiveAt, JsonSerializer.Serialize(definitions, PortalJson.Options), change.Version, version.PublishedAt);
        return (int)(await command.ExecuteScalarAsync(cancellationToken))!;
    }
}
