using System.Collections.Concurrent;
using Hangfire;
using Hangfire.Common;
using Portal.Jobs;
using Portal.Testing;
using Xunit.Abstractions;

namespace Portal.Database.Tests.Jobs;

/// <summary>Every recurring job, run twice and killed midway, comes to the same as when nothing disturbs it.</summary>
public sealed class EveryJobTests(PostgresFixture postgres, ITestOutputHelper output) : IClassFixture<PostgresFixture>
{
    // A job that makes all its changes in one call of the database, between which nothing can come.
    private static readonly string[] AtOnce = ["event-partitions"];

    private static readonly ConcurrentDictionary<int, Task<IReadOnlyList<string>>> Undisturbed = new();

    public static TheoryData<string> Jobs => [.. JobsLife.All.Keys];

    [Fact]
    public void All_that_are_scheduled_are_here()
    {
        var scheduled = new Scheduled();
        RecurringJobs.Schedule(scheduled);
        scheduled.Names.Order(StringComparer.Ordinal).ShouldBe(JobsLife.All.Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_life_without_disturbance_comes_to_what_it_must()
    {
        var books = await UndisturbedAsync();
        string[] expected =
        [
            "invoice renews 2030-02-01 paid paid 32 of 32, 0 tries", // 29.00 and 30 credits beyond 100 at 0.10
            "invoice commits 2030-04-01 paid paid 842 of 842, 0 tries", // 900 − 3 × 29 = 813 trued up, and April's 29
            "invoice owes 2030-01-01 uncollectible paid 0 of 29, 5 tries",
            "account holds revenue:breakage USD -4", // ten credits that nobody used, sold for $4
            "hold holds expired 3",
            "account arrives pool:shared CREDIT 30",
            "account cases consumed:support CREDIT 10", // a resolution
            "case cases c1 billed",
            "checkout tops paid 2000 for 20", // 1,500 are wanted: two packs of 1,000
            "top-up stops 3 declines, off: t",
            "mail ana@stops.example The automatic top-up of Shared has stopped",
            "checkout shops paid 1000 for 10",
            "checkout hooked paid 1000 for 10",
            "refund refunds succeeded 4", // 400 of 1,000 credits for $10
            "numbers INV-CN: 1 up to 1", // its credit note
            "method refunds removed t",
            "alert alerted low armed: f", // 120 − 20 = 100
            "mail ana@alerted.example Alert: Running low",
            "told alerted alert.fired",
            "answer 1", // of a day, not of a month
            "sealed 2030-01-01 1 rows, 130 credits", // January's usage of renews, retired after 400 days
            "runs left open: 0",
        ];
        expected.Except(books, StringComparer.Ordinal).ShouldBeEmpty();
    }

    [Fact]
    public async Task All_run_twice_come_to_the_same()
    {
        await using var world = await JobsWorld.OpenAsync(postgres);
        var life = new JobsLife(world);
        await life.LiveAsync(_ => Disturbance.Twice);
        await ShouldBeUndisturbedAsync(life);
    }

    [Theory, MemberData(nameof(Jobs))]
    public async Task A_job_that_is_killed_midway_and_run_again_comes_to_the_same(string job)
    {
        await using var world = await JobsWorld.OpenAsync(postgres);
        var life = new JobsLife(world);
        await life.LiveAsync(name => name == job ? Disturbance.Killed : Disturbance.None);
        output.WriteLine($"{job} was killed {life.Kills} times");
        if (!AtOnce.Contains(job, StringComparer.Ordinal)) life.Kills.ShouldBeGreaterThan(0);
        await ShouldBeUndisturbedAsync(life);
    }

    private async Task ShouldBeUndisturbedAsync(JobsLife life)
    {
        var (books, expected) = (await life.BooksAsync(), await UndisturbedAsync());
        books.Except(expected, StringComparer.Ordinal).Select(line => "only now: " + line)
            .Concat(expected.Except(books, StringComparer.Ordinal).Select(line => "not now: " + line)).ShouldBeEmpty();
        books.ShouldBe(expected); // as often, too
    }

    private Task<IReadOnlyList<string>> UndisturbedAsync() => Undisturbed.GetOrAdd(0, async _ =>
    {
        await using var world = await JobsWorld.OpenAsync(postgres);
        var life = new JobsLife(world);
        await life.LiveAsync(_ => Disturbance.None);
        return await life.BooksAsync();
    });

    private sealed class Scheduled : IRecurringJobManager
    {
        public List<string> Names { get; } = [];

        public void AddOrUpdate(string recurringJobId, Job job, string cronExpression, RecurringJobOptions options) => Names.Add(recurringJobId);

        public void RemoveIfExists(string recurringJobId) => throw new NotSupportedException();

        public void Trigger(string recurringJobId) => throw new NotSupportedException();
    }
}
