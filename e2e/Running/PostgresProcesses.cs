using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace Portal.E2E.Running;

/// <summary>The processes of the PostgreSQL server whose data lie under a folder, for ending them as <c>kill -9</c> does.</summary>
internal static class PostgresProcesses
{
    /// <summary>Kills the postmaster, and all of its children where asked.</summary>
    public static async Task KillAsync(string dataDirectory, bool withChildren)
    {
        var file = Directory.GetFiles(dataDirectory, "postmaster.pid", SearchOption.AllDirectories).Single();
        var postmaster = int.Parse((await File.ReadAllLinesAsync(file))[0], CultureInfo.InvariantCulture);
        var children = withChildren ? ChildrenOf(postmaster).ToArray() : [];
        foreach (var process in children.Prepend(postmaster)) await KillAsync(process);
    }

    private static async Task KillAsync(int number)
    {
        try
        {
            using var process = Process.GetProcessById(number);
            if (!process.ProcessName.StartsWith("postgres", StringComparison.Ordinal)) return;
            process.Kill();
            await process.WaitForExitAsync();
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or Win32Exception)
        {
            // It ended by itself: children of a dead postmaster do.
        }
    }

    // The fourth field of stat, after the name in parentheses, is the parent.
    private static IEnumerable<int> ChildrenOf(int parent)
    {
        foreach (var folder in Directory.GetDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var number)) continue;
            var stat = "";
            try
            {
                stat = File.ReadAllText(Path.Combine(folder, "stat"));
            }
            catch (IOException)
            {
                continue; // gone meanwhile
            }

            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            if (fields[1] == parent.ToString(CultureInfo.InvariantCulture)) yield return number;
        }
    }
}
