using Portal.E2E.Soaking;

namespace Portal.E2E;

/// <summary>This assembly as a program: <c>./portal soak</c>.</summary>
internal static class Program
{
    /// <summary><c>dotnet Portal.E2E.dll soak [--minutes 10] [--seed N]</c>; 0 when nothing was lost, twice or wrong, 2 when the arguments are.</summary>
    public static async Task<int> Main(string[] args)
    {
        if (args is not ["soak", .. var rest] || SoakPlan.Read(rest) is not { } plan)
        {
            await Console.Error.WriteLineAsync("soak [--minutes 10] [--seed N]");
            return 2;
        }

        var report = await Soak.RunAsync(plan, Console.WriteLine);
        Console.WriteLine(report.Table());
        return report.IsGood ? 0 : 1;
    }
}
