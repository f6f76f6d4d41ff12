using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;
using Portal.Domain.Data;
using Portal.Testing;

namespace Portal.Database.Tests.Server;

public sealed class ConfiguredDatabaseTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [Fact]
    public async Task A_server_of_one_s_own_is_migrated_by_the_owner_and_used_by_the_application()
    {
        await using var database = await postgres.CreateEmptyAsync();
        var builder = Builder(Environments.Production, database.AppConnectionString, database.OwnerConnectionString);

        await using var configured = await ConfiguredDatabase.AddAsync(builder);
        await using var services = builder.Services.BuildServiceProvider();
        await using var db = await services.GetRequiredService<IDbContextFactory<PortalDbContext>>().CreateDbContextAsync();

        (await db.Database.SqlQuery<string>($"select current_user::text as \"Value\"").SingleAsync()).ShouldBe("portal_app");
        (await database.ScalarAsync("select tableowner from pg_tables where tablename = 'ledger_entries'")).ShouldBe("portal_owner");
    }

    [Fact]
    public async Task Outside_production_the_one_connection_also_migrates()
    {
        await using var database = await postgres.CreateEmptyAsync();
        await using var configured = await ConfiguredDatabase.AddAsync(Builder(Environments.Development, database.OwnerConnectionString));
        (await database.ScalarAsync("select to_regclass('ledger_entries')::text")).ShouldBe("ledger_entries");
    }

    [Fact]
    public async Task Production_refuses_a_role_that_owns_the_ledger()
    {
        await using var database = await postgres.CreateAsync();
        (await Should.ThrowAsync<CannotStartException>(() => ConfiguredDatabase.AddAsync(Builder(Environments.Production, database.OwnerConnectionString))))
            .Message.ShouldContain("does not run as portal_owner");
    }

    [Fact]
    public async Task Production_refuses_a_role_that_may_change_entries()
    {
        await using var database = await postgres.CreateAsync();
        await using (var owner = NpgsqlDataSource.Create(database.OwnerConnectionString))
        await using (var grant = owner.CreateCommand("grant update on ledger_entries to portal_app"))
        {
            await grant.ExecuteNonQueryAsync();
        }

        (await Should.ThrowAsync<CannotStartException>(() => ConfiguredDatabase.AddAsync(Builder(Environments.Production, database.AppConnectionString))))
            .Message.ShouldContain("may change it");
    }

    [Fact]
    public async Task Production_takes_the_role_that_may_do_neither()
    {
        await using var database = await postgres.CreateAsync();
        await using var configured = await ConfiguredDatabase.AddAsync(Builder(Environments.Production, database.AppConnectionString));
        configured.OwnerConnectionString.ShouldBeNull();
    }

    [Fact]
    public async Task Without_a_schema_and_without_its_owner_it_says_to_migrate()
    {
        await using var database = await postgres.CreateEmptyAsync();
        (await Should.ThrowAsync<CannotStartException>(() => ConfiguredDatabase.AddAsync(Builder(Environments.Production, database.AppConnectionString))))
            .Message.ShouldContain("./portal migrate");
    }

    private static HostApplicationBuilder Builder(string environment, string app, string? owner = null)
    {
        var builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { EnvironmentName = environment });
        builder.Configuration["ConnectionStrings:Portal"] = app;
        builder.Configuration["ConnectionStrings:PortalOwner"] = owner;
        return builder;
    }
}
