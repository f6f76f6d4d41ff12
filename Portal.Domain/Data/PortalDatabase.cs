using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Portal.Domain.Data;

/// <summary>Opens, creates and migrates the portal's database.</summary>
public static class PortalDatabase
{
    /// <summary>
    /// Brings the schema up to date as the owner's role, which creates the roles <c>portal_app</c> and <c>portal_page</c> where they
    /// are missing and it may. Safe to call from several processes at once.
    /// </summary>
    public static async Task MigrateAsync(string ownerConnectionString, CancellationToken cancellationToken = default)
    {
        await using var source = NpgsqlDataSource.Create(ownerConnectionString);
        await EnsureRolesAsync(source, cancellationToken);
        var options = new DbContextOptionsBuilder<PortalDbContext>();
        PortalDbContext.Configure(options.UseNpgsql(source, npgsql => npgsql.SetPostgresVersion(15, 0)));
        await using var db = new PortalDbContext(options.Options);
        await db.Database.MigrateAsync(cancellationToken);
    }

    /// <summary>The settings of Npgsql that the hot path wants, added to a connection string.</summary>
    public static NpgsqlDataSource Open(string connectionString)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString)
        {
            MaxAutoPrepare = 100,
            AutoPrepareMinUsages = 2,
            NoResetOnClose = true,
            Timezone = "UTC",
        };
        return new NpgsqlDataSourceBuilder(settings.ConnectionString).Build();
    }

    private static async Task EnsureRolesAsync(NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        const string sql = """
            do $$
            begin
              if not exists (select from pg_roles where rolname = 'portal_app') then create role portal_app login; end if;
              if not exists (select from pg_roles where rolname = 'portal_page') then
                create role portal_page nologin;
                grant portal_page to portal_app;
              end if;
            exception when duplicate_object or unique_violation then null; -- another process was first
            end $$
            """;
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
