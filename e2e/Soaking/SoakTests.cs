namespace Portal.E2E.Soaking;

/// <summary>The soak's form of one minute: <c>./portal soak</c> has the long one.</summary>
[Collection(Name)]
public sealed class SoakTests
{
    public const string Name = "alone";

    [Fact]
    public async Task A_minute_of_mixed_work_and_a_kill_of_server_and_database_loses_and_doubles_nothing()
    {
        var report = await Soak.RunAsync(new SoakPlan(TimeSpan.FromMinutes(1), Random.Shared.Next(1, 1_000_000)), Console.WriteLine);

        report.Faults.ShouldBeEmpty(report.Table());
        report.Outages.Select(outage => outage.Victim).ShouldBe([Victim.Server, Victim.Postgres], ignoreOrder: true);
        report.Counts.Acknowledged.Value.ShouldBeGreaterThan(1000, report.Table());
        report.Counts.Captures.Value.ShouldBeGreaterThan(50, report.Table());
        report.Counts.Pages.Value.ShouldBeGreaterThan(10, report.Table());
    }
}

/// <summary>What wants the machine for itself: after all journeys, one after another.</summary>
[CollectionDefinition(SoakTests.Name, DisableParallelization = true)]
public sealed class Alone;
