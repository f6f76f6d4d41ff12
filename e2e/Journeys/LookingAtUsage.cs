using System.Globalization;
using Portal.E2E.Running;

namespace Portal.E2E.Journeys;

public sealed class LookingAtUsage(PortalRun run) : Journey(run)
{
    [Fact]
    public async Task Usage_by_model_and_by_day_is_what_the_api_answers_and_the_file_holds()
    {
        var overview = await (await VisitorAsync()).SignUpAsync("Analyst");
        var tenant = overview.Tenant;
        await Portal.Api.GrantAsync(tenant, 1000m);
        var now = DateTimeOffset.UtcNow;
        UsageEvent[] sent =
        [
            .. Enumerable.Range(1, 20).Select(i => UsageEvent.Now(tenant, "gpt-4o", 100 * i, 10 * i) with { At = now.AddDays(-1) }),
            .. Enumerable.Range(1, 15).Select(i => UsageEvent.Now(tenant, "gpt-4o-mini", 1000 * i, 50 * i) with { At = now.AddDays(-i % 3) }),
        ];
        (await Portal.Api.SendAsync(sent)).ShouldAllBe(answer => answer.Status == "accepted");
        var period = string.Create(CultureInfo.InvariantCulture, $"from={now.AddDays(-20):yyyy-MM-dd}T00:00:00Z&to={now.AddDays(1):yyyy-MM-dd}T00:00:00Z");

        var usage = await overview.UsageAsync();
        await usage.ShouldHaveGroups(2);
        var byModel = await usage.GroupsAsync();
        byModel.ShouldBe(Sums(sent, e => e.Model), ignoreOrder: true);
        var totals = (await Portal.Api.GetAsync($"v1/tenants/{tenant}/usage?{period}&group_by=model"))["totals"]!;
        (await usage.TotalsAsync()).ShouldBe((Figure.Of(totals["credits"]), totals["events"]!.GetValue<int>()));
        (await usage.TotalsAsync()).ShouldBe((sent.Sum(e => e.Credits), 35));
        (await FileAsync(usage)).ShouldBe(byModel, ignoreOrder: true);

        var priced = await usage.ExplainFirstOfAsync("gpt-4o");
        priced.Count.ShouldBe(2); // input and output
        priced.ShouldAllBe(quantity => quantity.Contains("of gpt-4o", StringComparison.Ordinal));
        usage = await overview.UsageAsync();
        await usage.GroupByAsync("day");
        await usage.ShouldHaveGroups(3);
        (await usage.GroupsAsync()).Values.ShouldBe(sent.GroupBy(e => e.At.Date).Select(g => g.Sum(e => e.Credits)), ignoreOrder: true);
        (await usage.TotalsAsync()).ShouldBe((sent.Sum(e => e.Credits), 35));
        (await FileAsync(usage)).ShouldBe(
            Sums(sent, e => e.At.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)), ignoreOrder: true);
    }

    private static Dictionary<string, decimal> Sums(IEnumerable<UsageEvent> events, Func<UsageEvent, string> by) =>
        events.GroupBy(by, StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.Sum(e => e.Credits), StringComparer.Ordinal);

    private static async Task<Dictionary<string, decimal>> FileAsync(Pages.UsagePage usage)
    {
        var lines = await usage.CsvAsync();
        var credits = Array.IndexOf(lines[0], "credits");
        return lines[1..].ToDictionary(line => line[0], line => decimal.Parse(line[credits], CultureInfo.InvariantCulture), StringComparer.Ordinal);
    }
}
