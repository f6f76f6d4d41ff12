using System.Diagnostics;
using System.Globalization;
using System.Text;
using Portal.E2E.Running;

namespace Portal.E2E.Journeys;

/// <summary>No browser: <c>./portal replay</c> on a trace made here.</summary>
[Collection(InTheBrowser.Name)]
public sealed class Replaying(PortalRun run)
{
    private const string Tenant = "replayed";
    private const int Requests = 700;

    private static readonly CultureInfo Invariant = CultureInfo.InvariantCulture;

    [Fact]
    public async Task Figures_of_a_replay_are_the_traces_and_a_second_one_changes_nothing()
    {
        var portal = run.Portal;
        await portal.Api.PutAsync($"v1/tenants/{Tenant}", new { name = "Replayed", currency = "USD" });
        await portal.Api.GrantAsync(Tenant, 1500m);
        await portal.Api.GrantAsync(Tenant, 1500m);
        var file = Path.Combine(portal.DataDirectory, "coding-service.csv");
        await File.WriteAllTextAsync(file, Trace());
        // From the file, by the rates of the demo: 2.50 and 10.00 dollars a million tokens; a cent a credit, half as much again.
        var (input, output) = Sums(await File.ReadAllLinesAsync(file));
        var cost = ((input * 2.50m) + (output * 10.00m)) / 1_000_000m;
        var credits = cost * 150m;
        credits.ShouldBeInRange(1500m, 3000m, "The usage crosses from one grant to the other and leaves something.");
        var end = DateTimeOffset.UtcNow.AddMinutes(-1).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", Invariant);

        var first = await ReplayAsync(portal, file, end);
        first["accepted"].ShouldStartWith("700   duplicate 0   unrated 0   conflict 0   rejected 0");
        Figure(first["credits"]).ShouldBe(credits);
        Figure(first["cost"]).ShouldBe(cost);
        Figure(first["revenue"]).ShouldBe(credits * 0.01m);
        Figure(first["margin"]).ShouldBe((credits * 0.01m) - cost);
        Figure(first["events/s"]).ShouldBeGreaterThan(0m);
        (await portal.Api.BalanceAsync(Tenant)).ShouldBe(3000m - credits);

        var second = await ReplayAsync(portal, file, end);
        second["accepted"].ShouldStartWith("0   duplicate 700   unrated 0   conflict 0   rejected 0");
        Figure(second["credits"]).ShouldBe(0m);
        Figure(second["cost"]).ShouldBe(0m);
        Figure(second["revenue"]).ShouldBe(0m);
        (await portal.Api.BalanceAsync(Tenant)).ShouldBe(3000m - credits);
        await portal.Api.BooksShouldBalanceAsync();
    }

    /// <summary>Runs the tool; the lines that it prints, by their first word.</summary>
    private static async Task<Dictionary<string, string>> ReplayAsync(PortalApp portal, string file, string end)
    {
        var start = new ProcessStartInfo("dotnet", [Programs.Bench, "replay", file, "--tenant", Tenant, "--model", "gpt-4o", "--end", end, "--batch", "100", "--url", portal.Address.ToString()])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        start.Environment["PORTAL_KEY"] = portal.Api.Key;
        using var tool = Process.Start(start)!;
        var (printed, progress) = (tool.StandardOutput.ReadToEndAsync(), tool.StandardError.ReadToEndAsync());
        await tool.WaitForExitAsync();
        tool.ExitCode.ShouldBe(0, await printed + await progress);
        (await progress).ShouldContain("100.0 %");
        return (await printed).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split(' ', 2, StringSplitOptions.TrimEntries)).ToDictionary(line => line[0], line => line[^1], StringComparer.Ordinal);
    }

    private static decimal Figure(string line) => decimal.Parse(line.Split(' ')[0], NumberStyles.Number, Invariant);

    private static (decimal Input, decimal Output) Sums(string[] lines)
    {
        var cells = lines.Skip(1).Select(line => line.Split(',')).ToArray();
        return (cells.Sum(c => decimal.Parse(c[1], Invariant)), cells.Sum(c => decimal.Parse(c[2], Invariant)));
    }

    // The format of the public traces, sizes of their kind: long contexts, short answers, now and then a long one.
    private static string Trace()
    {
        var random = new Random(20_231_116);
        var csv = new StringBuilder("TIMESTAMP,ContextTokens,GeneratedTokens\n");
        var at = new DateTime(2023, 11, 16, 18, 15, 46, DateTimeKind.Unspecified);
        for (var i = 0; i < Requests; i++)
        {
            at = at.AddTicks(random.Next(1, 20_000_000));
            var output = random.Next(10) == 0 ? random.Next(500, 1900) : random.Next(2, 60);
            csv.Append(Invariant, $"{at:yyyy-MM-dd HH:mm:ss.fffffff},{random.Next(50, 13_000)},{output}\n");
        }

        return csv.ToString();
    }
}
