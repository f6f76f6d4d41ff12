using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;
using Npgsql;
using Portal.Domain.Data;
using Portal.Testing;

namespace Portal.Database.Tests.Ledger;

/// <summary>What the database itself refuses, whoever asks; and that the mapped model is the schema's.</summary>
public sealed class AppendOnlyTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    public static TheoryData<string, string, bool> Changes()
    {
        var data = new TheoryData<string, string, bool>();
        foreach (var table in new[] { "ledger_transactions", "ledger_entries", "draws", "returns", "chargeback_settlements", "subscription_periods", "events", "event_identities", "ratings", "audit" })
        {
            foreach (var statement in new[] { $"update {table} set tenant_id = tenant_id", $"delete from {table}", $"truncate {table} cascade" })
            {
                data.Add(table, statement, true);
                data.Add(table, statement, false);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Changes))]
    public async Task Rows_are_never_changed_or_deleted_by_the_application_or_the_owner(string table, string statement, bool asOwner)
    {
        await using var database = await postgres.CreateAsync();
        await using var source = NpgsqlDataSource.Create(asOwner ? database.OwnerConnectionString : database.AppConnectionString);
        await using var command = source.CreateCommand(statement);

        var refusal = await Should.ThrowAsync<PostgresException>(() => command.ExecuteNonQueryAsync());

        refusal.SqlState.ShouldBe(PostgresErrorCodes.InsufficientPrivilege);
        if (asOwner && !statement.StartsWith("truncate", StringComparison.Ordinal)) refusal.MessageText.ShouldContain(table);
    }

    [Fact]
    public async Task A_month_of_events_refuses_as_the_whole_does()
    {
        await using var database = await postgres.CreateAsync();
        var month = (string)(await database.ScalarAsync("select relname::text from pg_class where relname like 'events\\_2%' and relkind = 'r' order by 1 limit 1"))!;
        await using var owner = NpgsqlDataSource.Create(database.OwnerConnectionString);
        foreach (var statement in new[] { $"update {month} set ordinal = 1", $"delete from {month}", $"truncate {month}" })
        {
            await using var command = owner.CreateCommand(statement);
            (await Should.ThrowAsync<PostgresException>(() => command.ExecuteNonQueryAsync())).SqlState.ShouldBe(PostgresErrorCodes.InsufficientPrivilege);
        }
    }

    [Fact]
    public async Task Case_48_a_transaction_that_does_not_sum_to_zero_is_refused()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var tenant = await portal.AddTenantAsync("acme");
        await portal.ExecuteAsync($"insert into ledger_transactions values ({tenant}, '00000000-0000-7000-8000-000000000001', 'test', null, now(), now(), now())");

        var refusal = await Should.ThrowAsync<PostgresException>(() => portal.ExecuteAsync($"""
            insert into ledger_entries values ({tenant}, '00000000-0000-7000-8000-000000000001', 0, 'issued', 'CREDIT', null, -5),
              ({tenant}, '00000000-0000-7000-8000-000000000001', 1, 'pool:shared', 'CREDIT', null, 4.999999999)
            """));

        refusal.SqlState.ShouldBe(PostgresErrorCodes.CheckViolation);
        (await portal.ScalarAsync("select count(*) from ledger_entries")).ShouldBe(0L);
    }

    [Theory]
    [InlineData("ledger_entries", "0, 'issued', 'CREDIT', null, -5), ({0}, '00000000-0000-7000-8000-000000000002', 1, 'pool:shared', 'CREDIT', null, 5")]
    [InlineData("draws", "0, 1, 'llm', 1, 'debt', null, 0, 5, null, null")]
    public async Task A_row_of_a_transaction_that_is_not_there_is_refused(string table, string values)
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var tenant = await portal.AddTenantAsync("acme");
        var other = await portal.AddTenantAsync("other"); // has it
        await portal.ExecuteAsync($"insert into ledger_transactions values ({other}, '00000000-0000-7000-8000-000000000002', 'test', null, now(), now(), now())");
        var insert = string.Format(CultureInfo.InvariantCulture, $"insert into {table} values ({{0}}, '00000000-0000-7000-8000-000000000002', {values})", tenant);
        (await Should.ThrowAsync<PostgresException>(() => portal.ExecuteAsync(insert))).SqlState.ShouldBe(PostgresErrorCodes.ForeignKeyViolation);
        (await portal.ScalarAsync($"select count(*) from {table}")).ShouldBe(0L);
    }

    [Fact]
    public async Task The_application_cannot_make_or_drop_anything()
    {
        await using var database = await postgres.CreateAsync();
        foreach (var statement in new[] { "create table mine()", "drop table ledger_entries", "alter table ledger_entries disable trigger all", "select make_append_only('wallets')" })
            (await Should.ThrowAsync<PostgresException>(() => database.ScalarAsync(statement))).SqlState.ShouldBe(PostgresErrorCodes.InsufficientPrivilege, statement);
    }

    [Fact]
    public async Task The_mapped_model_is_the_schema()
    {
        await using var database = await postgres.CreateAsync();
        var options = new DbContextOptionsBuilder<PortalDbContext>();
        PortalDbContext.Configure(options.UseNpgsql(database.DataSource));
        await using var db = new PortalDbContext(options.Options);
        var columns = new Dictionary<(string, string), bool>();
        await using (var command = database.DataSource.CreateCommand("select table_name::text, column_name::text, is_nullable = 'YES' from information_schema.columns where table_schema = 'public'"))
        await using (var reader = await command.ExecuteReaderAsync())
        {
            while (await reader.ReadAsync()) columns[(reader.GetString(0), reader.GetString(1))] = reader.GetBoolean(2);
        }

        var entities = db.Model.GetEntityTypes().Where(entity => entity.GetTableName() is not null).ToArray();
        entities.Length.ShouldBeGreaterThan(5);
        foreach (var entity in entities)
        {
            var table = StoreObjectIdentifier.Table(entity.GetTableName()!);
            foreach (var property in entity.GetProperties())
            {
                columns.TryGetValue((table.Name, property.GetColumnName(table)!), out var nullable).ShouldBeTrue($"{table.Name}.{property.GetColumnName(table)} is mapped and not there");
                property.IsNullable.ShouldBe(nullable, $"{table.Name}.{property.GetColumnName(table)} nullable");
            }
        }
    }
}
