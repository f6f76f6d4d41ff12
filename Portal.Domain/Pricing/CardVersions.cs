using System.Text.Json;
using Npgsql;
using Portal.Domain.Kernel;
using Portal.Domain.Pricing.Rates;

namespace Portal.Domain.Pricing;

/// <summary>Published versions as they are stored.</summary>
public static class CardVersions
{
    internal static string Table(this CardKind kind) => kind switch
    {
        CardKind.Rate => "rate_cards",
        CardKind.Cost => "cost_cards",
        _ => throw new InvalidOperationException($"Unknown kind {kind}."),
    };

    internal static string VersionsTable(this CardKind kind) => kind switch
    {
        CardKind.Rate => "rate_card_versions",
        CardKind.Cost => "cost_card_versions",
        _ => throw new InvalidOperationException($"Unknown kind {kind}."),
    };

    /// <summary>All versions of all cards of a kind, but for those already known by id: a version never changes.</summary>
    public static async Task<List<CardVersion>> ReadAsync(
        NpgsqlConnection connection, NpgsqlTransaction? transaction, CardKind kind, IReadOnlyCollection<int> known, CancellationToken cancellationToken)
    {
        var sql = $"select id, card, version, effective_at, published_at, rates from {kind.VersionsTable()} where id <> all($1) order by id";
        await using var command = new NpgsqlCommand(sql, connection, transaction);
        command.Parameters.AddWithValue(known.ToArray());
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var versions = new List<CardVersion>();
        while (await reader.ReadAsync(cancellationToken))
        {
            var card = reader.GetString(1);
            versions.Add(new CardVersion(
                reader.GetInt32(0), card, reader.GetInt32(2), reader.GetFieldValue<DateTimeOffset>(3), reader.GetFieldValue<DateTimeOffset>(4),
                Parse(kind, card, reader.GetString(5))));
        }

        return versions;
    }

    /// <summary>Rates as stored, which were checked when they were published.</summary>
    private static IReadOnlyList<Rate> Parse(CardKind kind, string card, string json)
    {
        var errors = new FieldErrors();
        var rates = RateChecks.Check(kind, card, JsonSerializer.Deserialize<List<RateDefinition>>(json, PortalJson.Options), errors);
        return errors.ToProblem() is { } problem ? throw new InvalidOperationException($"Stored card {card}: {problem.Detail}") : rates;
    }
}
