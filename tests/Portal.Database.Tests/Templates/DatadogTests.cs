using System.Globalization;
using Portal.Database.Tests.Counters;
using Portal.Domain.Metering.Intake;
using Portal.Testing;

namespace Portal.Database.Tests.Templates;

/// <summary>Hosts by the 99th percentile of their hours and logs by the gigabyte, on one invoice.</summary>
public sealed class DatadogTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    // June has 720 hours: the 7 highest are dropped, the 8th is billed.
    //   hosts, counted one by one   20 in 7 hours, 12 in 3, 8 in 5, none in 705    →  12 × 15.00 = 180.00
    //   APM hosts, greatest count    9 in 7 hours, 5 and 3 in one, 4 in 2          →   5 × 40.00 = 200.00
    //   logs   123.456789012 GB × 0.10 = 12.345678901, 76.543210988 GB × 0.10 = 7.654321099  →  200 GB, 20.00
    //   invoice 400.00; cost of logs 200 × 0.03 = 6.00
    // July has 3 hours with 50 hosts, which are dropped: no host is billed; 1 GB of logs is 0.10.
    [Fact]
    public async Task Hosts_are_billed_by_their_high_water_mark_without_the_top_hundredth_beside_logs_by_the_gigabyte()
    {
        await using var world = await TemplateWorlds.StartAsync(postgres, "datadog", "datadog", "2030-06-01T00:00:00Z");
        await world.ToAsync("2030-06-30T12:00:00Z");
        var hours = Enumerable.Repeat(20, 7).Concat(Enumerable.Repeat(12, 3)).Concat(Enumerable.Repeat(8, 5)).ToArray();
        await HostsAsync(world, "2030-06-10T00:00:00Z", hours);
        foreach (var (hour, count) in new[] { 9, 9, 9, 9, 9, 9, 9, 3, 4, 4 }.Index()) await ApmAsync(world, hour, count);
        await ApmAsync(world, 7, 5); // the greatest of that hour
        await world.TakeAsync("datadog.logs", """{"bytes":123456789012}""");
        await world.TakeAsync("datadog.logs", """{"bytes":76543210988}""");

        await world.ToAsync("2030-07-20T00:00:00Z");
        await HostsAsync(world, "2030-07-10T00:00:00Z", [50, 50, 50]);
        await world.TakeAsync("datadog.logs", """{"bytes":1000000000}""");
        await world.ToAsync("2030-08-02T01:00:00Z");

        var invoices = await world.AllInvoicesAsync();
        invoices.Select(invoice => invoice.Total).ShouldBe([400.00m, 0.10m]);
        invoices[0].Lines().ShouldBe([
            "usage APM hosts | 5 × 40 = 200.00", "usage Infrastructure hosts | 12 × 15 = 180.00", "usage Logs ingested, GB | 200 × 0.1 = 20.00"]);
        invoices[1].Lines().ShouldBe(["usage Logs ingested, GB | 1 × 0.1 = 0.10"]);
        (await world.BalanceAsync("receivable", "USD"), await world.UnbilledAsync()).ShouldBe((400.10m, 0m));
        (await world.CostAsync("storage")).ShouldBe(6.03m);
        await world.Portal.Source.ShouldBalanceAsync();
    }

    /// <summary>So many hosts in each hour from an instant on, one of them reported twice.</summary>
    private static async Task HostsAsync(MeterWorld world, string since, int[] hours)
    {
        var events = from hour in hours.Index()
                     from host in Enumerable.Range(0, hour.Item).Append(0)
                     let at = MeterWorld.At(since).AddHours(hour.Index).AddMinutes(host)
                     select MeterWorld.Event("datadog.host", string.Create(CultureInfo.InvariantCulture, $$"""{"host":"h{{host}}"}"""), at, world.NextId());
        (await world.Portal.SendAsync([.. events])).ShouldAllBe(usage => usage.Status == EventStatus.Accepted);
    }

    private static Task<decimal> ApmAsync(MeterWorld world, int hour, int hosts) => world.TakeAsync(
        "datadog.apm", string.Create(CultureInfo.InvariantCulture, $$"""{"hosts":{{hosts}}}"""), string.Create(CultureInfo.InvariantCulture, $"2030-06-12T{hour:00}:30:00Z"));
}
