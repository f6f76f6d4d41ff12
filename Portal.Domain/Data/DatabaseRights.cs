using Npgsql;

namespace Portal.Domain.Data;

/// <summary>What the running role must not be able to do, so that no fault in the portal can rewrite its books.</summary>
internal static class DatabaseRights
{
    private const string Question = """
        select to_regclass('ledger_entries') is not null as migrated,
          coalesce((select pg_has_role(current_user, relowner, 'member') from pg_class where oid = to_regclass('ledger_entries')), false) as owns,
          coalesce(has_table_privilege(to_regclass('ledger_entries'), 'update'), false) as may_update,
          current_user::text as role
        """;

    /// <summary>The schema must be there, and in production the role neither owns the ledger nor may change its entries.</summary>
    /// <exception cref="CannotStartException">One of them is not so.</exception>
    public static async Task CheckAsync(string appConnectionString, bool production, CancellationToken cancellationToken)
    {
        await using var source = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(appConnectionString) { Pooling = false });
        await using var command = source.CreateCommand(Question);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        if (!reader.GetBoolean(0))
        {
            throw new CannotStartException(
                "The database has no schema yet. Run ./portal migrate with ConnectionStrings__PortalOwner set to the role that owns it, or set it here too.");
        }

        if (production && (reader.GetBoolean(1) || reader.GetBoolean(2)))
        {
            throw new CannotStartException(
                $"In production the portal does not run as {reader.GetString(3)}, who owns the ledger or may change it. "
                + "Give ConnectionStrings__Portal the role portal_app and ConnectionStrings__PortalOwner the owner.");
        }
    }
}
