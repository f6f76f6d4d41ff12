using Npgsql;
using Portal.Testing;

namespace Portal.Database.Tests;

public sealed class SchemaTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [Fact]
    public async Task A_test_database_is_migrated_and_its_tables_belong_to_the_owner_role()
    {
        await using var database = await postgres.CreateAsync();

        (await database.ScalarAsync("select tableowner from pg_tables where tablename = 'ledger_entries'")).ShouldBe("portal_owner");
        (await database.ScalarAsync("select current_user::text")).ShouldBe("portal_app");
    }

    [Fact]
    public async Task What_one_test_writes_no_other_sees()
    {
        await using var one = await postgres.CreateAsync();
        await using var other = await postgres.CreateAsync();
        await using (var owner = NpgsqlDataSource.Create(one.OwnerConnectionString))
        await using (var command = owner.CreateCommand("create table only_here()"))
        {
            await command.ExecuteNonQueryAsync();
        }

        (await one.ScalarAsync("select to_regclass('only_here')::text")).ShouldBe("only_here");
        (await other.ScalarAsync("select to_regclass('only_here')::text")).ShouldBe(DBNull.Value);
    }

    [Fact]
    public async Task Migrating_again_changes_nothing()
    {
        await using var database = await postgres.CreateAsync();
        const string count = "select count(*) from pg_class";
        var before = await database.ScalarAsync(count);

        await Portal.Domain.Data.PortalDatabase.MigrateAsync(database.OwnerConnectionString);

        (await database.ScalarAsync(count)).ShouldBe(before);
    }
}
