using System.Runtime.CompilerServices;
using Npgsql;

namespace Portal.Domain.Data;

/// <summary>Raw statements with positional parameters (<c>$1</c>) where they say more than LINQ.</summary>
public static class Queries
{
    /// <summary>All rows of a statement.</summary>
    public static async Task<List<T>> ListAsync<T>(
        this NpgsqlConnection connection, string sql, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken, params object?[] parameters)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(read);
        await using var command = Command(connection, sql, parameters);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var rows = new List<T>();
        while (await reader.ReadAsync(cancellationToken)) rows.Add(read(reader));
        return rows;
    }

    /// <summary>All rows of a statement, on a connection of its own.</summary>
    public static async Task<List<T>> ListAsync<T>(
        this NpgsqlDataSource source, string sql, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken, params object?[] parameters)
    {
        ArgumentNullException.ThrowIfNull(source);
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        return await connection.ListAsync(sql, read, cancellationToken, parameters);
    }

    /// <summary>The first row, or null.</summary>
    public static async Task<T?> FindAsync<T>(
        this NpgsqlConnection connection, string sql, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken, params object?[] parameters)
        where T : class =>
        (await connection.ListAsync(sql, read, cancellationToken, parameters)).FirstOrDefault();

    /// <summary>The first row, or null, on a connection of its own.</summary>
    public static async Task<T?> FindAsync<T>(
        this NpgsqlDataSource source, string sql, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken, params object?[] parameters)
        where T : class =>
        (await source.ListAsync(sql, read, cancellationToken, parameters)).FirstOrDefault();

    /// <summary>Runs a statement in the connection's transaction; answers how many rows it touched.</summary>
    public static async Task<int> ExecuteAsync(
        this NpgsqlConnection connection, string sql, CancellationToken cancellationToken, params object?[] parameters)
    {
        ArgumentNullException.ThrowIfNull(connection);
        await using var command = Command(connection, sql, parameters);
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>A column that may be null.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T? Nullable<T>(this NpgsqlDataReader reader, int column)
    {
        ArgumentNullException.ThrowIfNull(reader);
        return reader.IsDBNull(column) ? default : reader.GetFieldValue<T>(column);
    }

    private static NpgsqlCommand Command(NpgsqlConnection connection, string sql, object?[] parameters)
    {
        var command = new NpgsqlCommand(sql, connection);
        foreach (var parameter in parameters) command.Parameters.Add(Columns.Parameter(parameter));
        return command;
    }
}
