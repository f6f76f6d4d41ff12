using System.Globalization;

namespace Portal.E2E.Soaking;

/// <summary>Customers' programs that look: balances, usage, burn-down, events.</summary>
internal sealed class Readers(Caller caller, Book book, Func<string> tenant)
{
    /// <summary>One query; it need not be repeated, only to be answered while the portal is up.</summary>
    public async Task OnceAsync(Random random)
    {
        var (from, to) = (Hour(DateTimeOffset.UtcNow.AddDays(-random.Next(1, 30))), Hour(DateTimeOffset.UtcNow.AddHours(1)));
        string[] queries =
        [
            "balance", $"usage?from={from}&to={to}&group_by=model", $"usage?from={from}&to={to}&group_by=day,pool", "burndown", "burndown?pool=team&step=day",
            "events?limit=100", "grants", "ledger?limit=50",
        ];
        var query = queries[random.Next(queries.Length)];
        var answer = await caller.AskAsync(HttpMethod.Get, $"v1/tenants/{tenant()}/{query}", tries: 1);
        if (answer is null) return;
        if (answer.Succeeded) book.Counts.Queries.Add();
        else book.Fault($"{query} was answered {(int)answer.Status} {answer.Text}");
    }

    private static string Hour(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH':00:00Z'", CultureInfo.InvariantCulture);
}
