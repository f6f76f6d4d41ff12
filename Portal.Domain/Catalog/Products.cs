using Npgsql;
using Portal.Domain.Kernel;
using Portal.Domain.Pricing;

namespace Portal.Domain.Catalog;

/// <summary>What is sold; meters, rates, restrictions and revenue name it.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Name">What people call it.</param>
public sealed record Product(string Key, string Name);

/// <summary>Products: putting and reading them. A product first named by a meter is made with its key as its name.</summary>
public static class Products
{
    /// <summary>The built-in product of captures that name credits instead of an event.</summary>
    public const string Credits = "credits";

    /// <summary>Makes a product or renames it. Answers whether it is new.</summary>
    public static async Task<Result<bool>> PutAsync(CatalogueChange change, string key, string? name, CancellationToken cancellationToken = default)
    {
        if (Slug.Check("key", key) is { } badKey) return badKey;
        if (name is not { Length: > 0 and <= 200 }) return Problem.Field("name", "required", "A name of 1 to 200 characters is needed.");
        const string sql = """
            insert into products (key, name, created_at) values ($1, $2, $3)
            on conflict (key) do update set name = excluded.name returning xmax = 0
            """;
        await using var command = change.Command(sql, key, name, change.Now);
        return (bool)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    /// <summary>The product of that key; null when there is none.</summary>
    public static async Task<Product?> FindAsync(NpgsqlDataSource source, string key, CancellationToken cancellationToken = default)
    {
        await using var command = source.CreateCommand("select key, name from products where key = $1");
        command.Parameters.AddWithValue(key);
        return (await ReadAsync(command, cancellationToken)).SingleOrDefault();
    }

    /// <summary>Products in order of their keys, from the one after <paramref name="after"/>.</summary>
    public static async Task<IReadOnlyList<Product>> ListAsync(
        NpgsqlDataSource source, string? after, int limit, CancellationToken cancellationToken = default)
    {
        await using var command = source.CreateCommand("select key, name from products where key > $1 order by key limit $2");
        command.Parameters.AddWithValue(after ?? "");
        command.Parameters.AddWithValue(limit);
        return await ReadAsync(command, cancellationToken);
    }

    private static async Task<List<Product>> ReadAsync(NpgsqlCommand command, CancellationToken cancellationToken)
    {
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var products = new List<Product>();
        while (await reader.ReadAsync(cancellationToken)) products.Add(new Product(reader.GetString(0), reader.GetString(1)));
        return products;
    }
}
