using Npgsql;
using Portal.Domain.Data;

namespace Portal.Domain.Payments;

/// <summary>Whose a provider's object is: how a webhook finds its tenant. Our own references stand there too, before they are sent.</summary>
internal static class ProviderObjects
{
    public static async Task AddAsync(NpgsqlConnection connection, long tenantId, string provider, string id, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("insert into provider_objects (provider, id, tenant) values ($1, $2, $3) on conflict do nothing", connection);
        foreach (var value in new object[] { provider, id, tenantId }) command.Parameters.Add(Columns.Parameter(value));
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>The tenant of the first id that is known, or null.</summary>
    public static async Task<long?> FindTenantAsync(NpgsqlDataSource source, string provider, IReadOnlyList<string?> ids, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("""
            select o.tenant from unnest($2::text[]) with ordinality i(id, n) join provider_objects o on o.provider = $1 and o.id = i.id order by n limit 1
            """);
        command.Parameters.Add(Columns.Parameter(provider));
        command.Parameters.Add(Columns.Parameter(ids.Where(id => id is not null)));
        return await command.ExecuteScalarAsync(cancellationToken) as long?;
    }
}
