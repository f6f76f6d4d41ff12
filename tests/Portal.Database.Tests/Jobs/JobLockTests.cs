using Hangfire.PostgreSql;
using Hangfire.PostgreSql.Factories;
using Portal.Jobs;
using Portal.Testing;

namespace Portal.Database.Tests.Jobs;

/// <summary>Hangfire takes its locks by rows, which outlive a process that was killed.</summary>
public sealed class JobLockTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [Theory]
    [InlineData("65 seconds", true)]
    [InlineData("20 seconds", false)]
    public async Task A_scheduler_s_lock_that_was_left_by_a_kill_holds_the_jobs_up_for_a_minute_at_most(string age, bool free)
    {
        await using var database = await postgres.CreateAsync();
        await JobTables.MigrateAsync(database.OwnerConnectionString);
        await database.ScalarAsync($"insert into hangfire.lock (resource, updatecount, acquired) values ('hangfire:recurring-jobs:lock', 0, now() - interval '{age}')");
        var storage = new PostgreSqlStorage(new NpgsqlConnectionFactory(database.AppConnectionString, JobTables.Options), JobTables.Options);
        using var connection = storage.GetConnection();

        void Take() => connection.AcquireDistributedLock("recurring-jobs:lock", TimeSpan.FromSeconds(1)).Dispose();

        if (free) Should.NotThrow(Take);
        else Should.Throw<PostgreSqlDistributedLockException>(Take);
    }
}
