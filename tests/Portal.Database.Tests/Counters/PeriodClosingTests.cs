using Microsoft.Extensions.DependencyInjection;
using Portal.Domain.Data;
using Portal.Domain.Metering.Counters;
using Portal.Domain.Metering.Meters;
using Portal.Testing;

namespace Portal.Database.Tests.Counters;

/// <summary>What is rated when a period closes: minimums, the latest level, percentiles.</summary>
public sealed class PeriodClosingTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>, IAsyncLifetime
{
    private MeterWorld world = null!;

    public async Task InitializeAsync() => world = await MeterWorld.StartAsync(postgres, start: "2030-06-01T00:00:00Z");

    public async Task DisposeAsync() => await world.DisposeAsync();

    [Fact]
    public async Task A_minimum_is_topped_up_when_the_month_closes_and_late_usage_is_charged_against_it()
    {
        await world.MeterAsync("gpu", """ "aggregation":"sum","quantities":[{"property":"n"}] """);
        await world.RateAsync("gpu", """{"model":"per_unit","amount":"2","minimum":"100"}""", "USD");
        await world.UseAsync("gpu", 30m);
        (await world.UnbilledAsync()).ShouldBe(60m);
        await world.ToAsync("2030-06-30T23:59:59Z");
        (await world.UnbilledAsync()).ShouldBe(60m);
        await world.ToAsync("2030-07-01T00:00:00Z");
        (await world.UnbilledAsync()).ShouldBe(100m);
        await world.UseAsync("gpu", 10m, at: "2030-06-30T10:00:00Z"); // 80 in June: still below the minimum
        (await world.UnbilledAsync()).ShouldBe(100m);
        await world.UseAsync("gpu", 20m, at: "2030-06-30T11:00:00Z"); // 120
        (await world.UnbilledAsync()).ShouldBe(120m);
        await world.ToAsync("2030-09-01T00:00:00Z"); // nothing was used in July and August
        (await world.UnbilledAsync()).ShouldBe(120m);
        (await world.Portal.ScalarAsync("select book_date::text from ledger_transactions where kind = 'period_end'")).ShouldBe("2030-06-30");
    }

    [Fact]
    public async Task A_minimum_in_credits_draws_what_was_valid_at_the_periods_end()
    {
        await world.MeterAsync("gpu", """ "aggregation":"sum","quantities":[{"property":"n"}] """);
        await world.RateAsync("gpu", """{"model":"per_unit","amount":"1","minimum":"50"}""");
        await world.Portal.GrantAsync(world.Tenant, 100m, value: 10m, expiresAt: MeterWorld.At("2030-07-01T00:00:00Z"));
        await world.UseAsync("gpu", 20m);
        await world.ToAsync("2030-07-02T00:00:00Z"); // the grant expired at the instant at which the month closed, after it
        (await world.ConsumedAsync("gpu")).ShouldBe(50m);
        (await world.BalanceAsync("expired")).ShouldBe(50m);
        (await world.BalanceAsync("revenue:breakage", "USD")).ShouldBe(-5m);
    }

    [Fact]
    public async Task A_minimum_beyond_the_grants_is_a_debt_that_the_next_grant_settles()
    {
        await world.MeterAsync("gpu", """ "aggregation":"sum","quantities":[{"property":"n"}] """);
        await world.RateAsync("gpu", """{"model":"per_unit","amount":"1","minimum":"50"}""");
        await world.UseAsync("gpu", 20m);
        await world.ToAsync("2030-07-02T00:00:00Z");
        (await world.BalanceAsync("debt:shared")).ShouldBe(-50m);
        await world.Portal.GrantAsync(world.Tenant, 80m, value: 8m);
        (await world.BalanceAsync("debt:shared")).ShouldBe(0m);
        (await world.BalanceAsync("revenue:usage", "USD")).ShouldBe(-5m);
    }

    [Fact]
    public async Task Case_42_a_percentile_drops_the_highest_hours_and_silent_hours_count_nothing()
    {
        await world.MeterAsync("hosts", """ "aggregation":"percentile","percentile":"99","of":"hourly_max","quantities":[{"property":"n"}] """);
        await world.RateAsync("hosts", """{"model":"per_unit","amount":"15.00"}""", "USD");
        for (var hour = 0; hour < 8; hour++) // June has 720 hours: the seven highest go, the eighth is billed
        {
            await world.ToAsync($"2030-06-10T{hour:00}:30:00Z");
            await world.UseAsync("hosts", 100m - hour);
            await world.UseAsync("hosts", 3m); // a host restarted: the greatest of the hour stands
        }

        (await world.UnbilledAsync()).ShouldBe(0m);
        (await SoFarAsync()).ShouldBe((93m, 1395m), "an estimate of the month that runs");
        await world.ToAsync("2030-07-01T00:00:00Z");
        (await world.UnbilledAsync()).ShouldBe(1395m); // 93 × 15
        await world.UseAsync("hosts", 99m, at: "2030-06-10T20:00:00Z"); // late: now 94 is the eighth
        await world.ToAsync("2030-07-01T00:01:00Z");
        (await world.UnbilledAsync()).ShouldBe(1410m);
        await world.ToAsync("2030-08-01T00:00:00Z");
        (await world.UnbilledAsync()).ShouldBe(1410m);
    }

    private async Task<(decimal Quantity, decimal Amount)> SoFarAsync()
    {
        var level = (await world.Portal.Services.GetRequiredService<TenantReads>().RunAsync(
            world.Tenant, read => PeriodLevels.SoFarAsync(read, world.Portal.Services.GetRequiredService<Catalogues>()), CancellationToken.None)).Single();
        return (level.Quantity, level.Amount);
    }

    [Fact]
    public async Task Fewer_hours_than_are_dropped_come_to_nothing()
    {
        await world.MeterAsync("hosts", """ "aggregation":"percentile","percentile":"99","quantities":[{"property":"n"}] """);
        await world.RateAsync("hosts", """{"model":"per_unit","amount":"15.00"}""", "USD");
        for (var hour = 0; hour < 7; hour++)
        {
            await world.ToAsync($"2030-06-10T{hour:00}:30:00Z");
            await world.UseAsync("hosts", 100m);
        }

        await world.ToAsync("2030-07-01T00:00:00Z");
        (await world.UnbilledAsync()).ShouldBe(0m);
    }

    [Fact]
    public async Task Hosts_reported_one_by_one_are_counted_by_hour()
    {
        await world.MeterAsync("hosts", """ "aggregation":"percentile","percentile":"100","of":"hourly_unique","quantities":[{"property":"host"}] """);
        await world.RateAsync("hosts", """{"model":"per_unit","amount":"15.00"}""", "USD");
        foreach (var host in new[] { "a", "b", "a", "c" }) await world.SendAsync("hosts", $$"""{"host":"{{host}}"}""");
        await world.ToAsync("2030-06-02T00:00:00Z");
        foreach (var host in new[] { "a", "b" }) await world.SendAsync("hosts", $$"""{"host":"{{host}}"}""");
        await world.ToAsync("2030-07-01T00:00:00Z");
        (await world.UnbilledAsync()).ShouldBe(45m); // three in the fullest hour
    }

    [Fact]
    public async Task The_latest_level_of_a_month_is_what_it_ends_with()
    {
        await world.MeterAsync("storage", """ "aggregation":"latest","quantities":[{"property":"n"}] """);
        await world.RateAsync("storage", """{"model":"per_unit","amount":"0.50"}""", "USD");
        await world.UseAsync("storage", 80m);
        await world.ToAsync("2030-06-20T00:00:00Z");
        await world.UseAsync("storage", 40m, id: "last");
        await world.UseAsync("storage", 70m, at: "2030-06-19T00:00:00Z"); // earlier, though it came later
        await world.ToAsync("2030-07-01T00:00:00Z");
        (await world.UnbilledAsync()).ShouldBe(20m);
        await world.VoidAsync("last");
        await world.ToAsync("2030-07-01T00:01:00Z");
        (await world.UnbilledAsync()).ShouldBe(35m); // 70 × 0.50
    }
}
