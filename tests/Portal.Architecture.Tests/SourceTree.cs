using System.Diagnostics;

namespace Portal.Architecture.Tests;

/// <summary>The files under version control.</summary>
internal static class SourceTree
{
    private static readonly Lazy<string> TopFolder = new(FindTop);
    private static readonly Lazy<IReadOnlyList<string>> TrackedFiles = new(ListTracked);

    /// <summary>Paths relative to the top, with slashes.</summary>
    public static IReadOnlyList<string> Tracked => TrackedFiles.Value;

    /// <summary>Our own text: no vendored files, no lock files.</summary>
    public static IEnumerable<string> Own(params string[] endings) => Tracked.Where(path =>
        !path.Contains("/lib/", StringComparison.Ordinal) && !path.EndsWith(".min.js", StringComparison.Ordinal)
        && endings.Any(ending => path.EndsWith(ending, StringComparison.Ordinal)));

    public static string Read(string path) => File.ReadAllText(Path.Combine(TopFolder.Value, path));

    private static string FindTop()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Portal.sln")))
        {
            folder = folder.Parent ?? throw new InvalidOperationException("The tests run outside the source tree.");
        }

        return folder.FullName;
    }

    private static List<string> ListTracked()
    {
        string[] arguments = ["-c", $"safe.directory={TopFolder.Value}", "-C", TopFolder.Value, "ls-files", "-z", "--cached", "--others", "--exclude-standard"];
        using var git = Process.Start(new ProcessStartInfo("git", arguments) { UseShellExecute = false, RedirectStandardOutput = true })!;
        var output = git.StandardOutput.ReadToEnd();
        git.WaitForExit();
        git.ExitCode.ShouldBe(0);
        return [.. output.Split('\0', StringSplitOptions.RemoveEmptyEntries).Where(path => File.Exists(Path.Combine(TopFolder.Value, path)))];
    }
}
