using Npgsql;

namespace Portal.Domain.Data.EmbeddedPostgres;

/// <summary>The roles and the database of a fresh server.</summary>
internal static class Roles
{
    public const string Owner = "portal_owner";
    public const string App = "portal_app";
    public const string Page = "portal_page";
    public const string Database = "portal";

    /// <summary>
    /// Makes what is missing: a start that was killed half-way is finished by the next. The owner migrates, the application runs
    /// and owns nothing, and pages read as a role that the application may become.
    /// </summary>
    public static async Task EnsureAsync(string superuser, Credentials credentials, CancellationToken cancellationToken)
    {
        await using var connection = new NpgsqlConnection(superuser);
        await connection.OpenAsync(cancellationToken);
        if (await MissingAsync(connection, "select 1 from pg_roles where rolname = $1", Page, cancellationToken))
        {
            await ExecuteAsync(connection, $"""
                begin;
                create role {Owner} login createdb password '{credentials.Owner}';
                create role {App} login password '{credentials.App}';
                create role {Page} nologin;
                grant {Page} to {App};
                commit
                """, cancellationToken);
        }

        if (await MissingAsync(connection, "select 1 from pg_database where datname = $1", Database, cancellationToken))
        {
            await ExecuteAsync(connection, $"create database {Database} owner {Owner}", cancellationToken);
        }
    }

    private static async Task<bool> MissingAsync(NpgsqlConnection connection, string query, string name, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(query, connection) { Parameters = { new NpgsqlParameter { Value = name } } };
        return await command.ExecuteScalarAsync(cancellationToken) is null;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
