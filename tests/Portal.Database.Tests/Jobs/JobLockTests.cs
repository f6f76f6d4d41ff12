using Hangfire;
using Hangfire.PostgreSql;
using Hangfire.PostgreSql.Factories;
using Microsoft.Extensions.Logging.Abstractions;
using Portal.Jobs;
using Portal.Testing;

namespace Portal.Database.Tests.Jobs;

/// <summary>Hangfire takes its locks by rows, which outlive a process that was killed.</summary>
[Collection("Jobs")]
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

    [Fact]
    public async Task A_start_neither_waits_for_a_lock_on_the_schedule_that_was_left_by_a_kill_nor_fails_by_it()
    {
        await using var database = await postgres.CreateAsync();
        await JobTables.MigrateAsync(database.OwnerConnectionString);
        await database.ScalarAsync("insert into hangfire.lock (resource, updatecount, acquired) values ('hangfire:lock:recurring-job:outbox', 0, now())");
        var storage = new PostgreSqlStorage(new NpgsqlConnectionFactory(database.AppConnectionString, JobTables.Options), JobTables.Options);
        Hangfire.Logging.LogProvider.SetCurrentLogProvider(null); // Hangfire logs by a static of the process: a host that is gone may have left its own
        using var schedule = new JobSchedule(new RecurringJobManager(storage), NullLogger<JobSchedule>.Instance);

        await schedule.StartAsync(CancellationToken.None);

        schedule.ExecuteTask!.IsCompleted.ShouldBeFalse();
        await database.ScalarAsync("delete from hangfire.lock where resource = 'hangfire:lock:recurring-job:outbox'"); // as age does
        await schedule.ExecuteTask;
        (await database.ScalarAsync("select count(*) from hangfire.set where key = 'recurring-jobs'")).ShouldBe(17L);
    }
}
