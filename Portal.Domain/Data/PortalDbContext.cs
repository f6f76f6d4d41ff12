using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Npgsql;

namespace Portal.Domain.Data;

/// <summary>
/// The database as EF Core maps it. Configurations lie beside their entities and are found by scanning the assembly;
/// code asks <see cref="DbContext.Set{TEntity}()"/>. The schema itself is SQL (Data/Migrations).
/// </summary>
public sealed class PortalDbContext(DbContextOptions<PortalDbContext> options) : DbContext(options)
{
    /// <summary>The options that every context of ours shares.</summary>
    public static void Configure(DbContextOptionsBuilder builder) => builder
        .UseSnakeCaseNamingConvention()
        .UseQueryTrackingBehavior(QueryTrackingBehavior.NoTracking)
        .ConfigureWarnings(warnings => warnings.Ignore(RelationalEventId.PendingModelChangesWarning)); // SQL rules, not the model

    /// <summary>A context on a connection that is inside a transaction; its changes commit with that.</summary>
    public static PortalDbContext On(NpgsqlConnection connection, NpgsqlTransaction transaction)
    {
        var options = new DbContextOptionsBuilder<PortalDbContext>();
        Configure(options.UseNpgsql(connection, npgsql => npgsql.SetPostgresVersion(15, 0)));
        var db = new PortalDbContext(options.Options);
        db.Database.UseTransaction(transaction);
        return db;
    }

    /// <inheritdoc />
    protected override void OnModelCreating(ModelBuilder modelBuilder) =>
        modelBuilder.ApplyConfigurationsFromAssembly(
            typeof(PortalDbContext).Assembly,
            type => type.GetCustomAttributes(typeof(AccountConfigurationAttribute), inherit: false).Length == 0);
}

/// <summary>Marks an entity configuration that belongs to the account context, not to <see cref="PortalDbContext"/>.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class AccountConfigurationAttribute : Attribute;
