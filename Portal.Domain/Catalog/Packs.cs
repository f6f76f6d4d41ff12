using System.Text.Json;
using Npgsql;
using Portal.Domain.Kernel;
using Portal.Domain.Pricing;

namespace Portal.Domain.Catalog;

/// <summary>Packs: putting and reading them.</summary>
public static class Packs
{
    private const string Select = "select key, definition from packs";

    /// <summary>Makes a pack or replaces it; what was sold stays as it was. Answers whether it is new.</summary>
    public static async Task<Result<bool>> PutAsync(CatalogueChange change, string key, PackDefinition definition, CancellationToken cancellationToken = default)
    {
        var pack = PackChecks.Check(key, definition);
        if (pack.Problem is { } invalid) return invalid;
        if (await UnknownProductAsync(change, pack.Value.Products, cancellationToken) is { } unknown) return unknown;
        const string sql = """
            insert into packs (key, name, active, definition, created_at, updated_at) values ($1, $2, $3, $4::json, $5, $5)
            on conflict (key) do update set name = excluded.name, active = excluded.active, definition = excluded.definition,
              updated_at = excluded.updated_at
            returning xmax = 0
            """;
        await using var command = change.Command(
            sql, key, pack.Value.Name, pack.Value.Active, JsonSerializer.Serialize(definition, PortalJson.Options), change.Now);
        return (bool)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    /// <summary>The pack of that key, sold or not; null when there is none.</summary>
    public static async Task<Pack?> FindAsync(NpgsqlDataSource source, string key, CancellationToken cancellationToken = default)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        return await FindAsync(connection, key, cancellationToken);
    }

    /// <summary>The same on a connection.</summary>
    public static async Task<Pack?> FindAsync(NpgsqlConnection connection, string key, CancellationToken cancellationToken = default)
    {
        await using var command = new NpgsqlCommand($"{Select} where key = $1", connection);
        command.Parameters.AddWithValue(key);
        return (await ReadAsync(command, cancellationToken)).SingleOrDefault();
    }

    /// <summary>Packs in order of their keys, from the one after <paramref name="after"/>.</summary>
    public static async Task<IReadOnlyList<Pack>> ListAsync(
        NpgsqlDataSource source, string? after, int limit, CancellationToken cancellationToken = default)
    {
        await using var command = source.CreateCommand($"{Select} where key > $1 order by key limit $2");
        command.Parameters.AddWithValue(after ?? "");
        command.Parameters.AddWithValue(limit);
        return await ReadAsync(command, cancellationToken);
    }

    /// <summary>Packs that a customer may buy now in a currency, the cheapest first; custom amounts last.</summary>
    public static async Task<IReadOnlyList<Pack>> ForSaleAsync(NpgsqlDataSource source, Currency currency, CancellationToken cancellationToken = default)
    {
        await using var command = source.CreateCommand($"{Select} where active order by key");
        var packs = await ReadAsync(command, cancellationToken);
        return [.. packs.Where(pack => pack.Currency == currency).OrderBy(pack => pack.FixedPrice is null).ThenBy(pack => pack.FixedPrice)];
    }

    private static async Task<Problem?> UnknownProductAsync(CatalogueChange change, IReadOnlyList<string>? products, CancellationToken cancellationToken)
    {
        if (products is null) return null;
        await using var command = change.Command("select p from unnest($1) p where p not in (select key from products) limit 1", (object)products.ToArray());
        return await command.ExecuteScalarAsync(cancellationToken) is string unknown
            ? Problem.Field("products", "unknown_product", $"There is no product {unknown}.")
            : null;
    }

    private static async Task<List<Pack>> ReadAsync(NpgsqlCommand command, CancellationToken cancellationToken)
    {
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var packs = new List<Pack>();
        while (await reader.ReadAsync(cancellationToken))
        {
            var definition = JsonSerializer.Deserialize<PackDefinition>(reader.GetString(1), PortalJson.Options)!;
            packs.Add(PackChecks.Check(reader.GetString(0), definition).Value);
        }

        return packs;
    }
}
