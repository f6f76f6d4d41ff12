using System.Text.RegularExpressions;

namespace Portal.Architecture.Tests;

/// <summary>What no reader should have to watch for.</summary>
public sealed partial class SourceTests
{
    private const int LongestFile = 300;

    /// <summary>Files that were longer when the rule came, with their length then. This list only shrinks.</summary>
    private static readonly Dictionary<string, int> LongerFiles = new(StringComparer.Ordinal);

    [Fact]
    public void Files_are_short_enough_to_be_read()
    {
        var files = SourceTree.Own(".cs", ".razor", ".sql", ".css", ".js", ".sh").Append("portal").ToList();
        files.Count.ShouldBeGreaterThan(50);
        files.Select(path => (path, lines: SourceTree.Read(path).Count(c => c == '\n')))
            .Where(file => file.lines > LongerFiles.GetValueOrDefault(file.path, LongestFile))
            .Select(file => $"{file.path}: {file.lines} lines").ShouldBeEmpty();
        LongerFiles.Keys.Except(files, StringComparer.Ordinal).ShouldBeEmpty("take them off the list");
    }

    [Fact]
    public void The_time_comes_from_a_TimeProvider() =>
        Lines(SourceTree.Own(".cs", ".razor").Where(path => path.StartsWith("Portal.", StringComparison.Ordinal)), MachineClock()).ShouldBeEmpty();

    [Fact]
    public void Types_are_named_after_what_they_are() =>
        Lines(SourceTree.Own(".cs").Where(path => !path.StartsWith("tests/Portal.Architecture", StringComparison.Ordinal)), EmptyName()).ShouldBeEmpty();

    [Fact]
    public void The_project_names_no_machine_it_was_made_on() =>
        Lines(SourceTree.Tracked.Where(IsText), MachinePath()).ShouldBeEmpty();

    [Fact]
    public void The_rules_recognise_what_they_forbid()
    {
        MachineClock().IsMatch("var now = DateTime" + ".UtcNow;").ShouldBeTrue();
        EmptyName().IsMatch("public sealed class Wallet" + "Manager(int x)").ShouldBeTrue();
        EmptyName().IsMatch("internal sealed class Redirects(NavigationManager navigation)").ShouldBeFalse();
        MachinePath().IsMatch("see /wo" + "rk/shared").ShouldBeTrue();
        MachinePath().IsMatch("https://registry.np" + "mjs.org/echarts").ShouldBeTrue();
    }

    private static IEnumerable<string> Lines(IEnumerable<string> files, Regex forbidden) =>
        from path in files
        from line in SourceTree.Read(path).Split('\n').Index()
        where forbidden.IsMatch(line.Item)
        select $"{path}:{line.Index + 1}: {line.Item.Trim()}";

    private static bool IsText(string path) =>
        Path.GetExtension(path) is not (".png" or ".ttf" or ".woff2" or ".ico" or ".jpg" or ".svg" or ".pdf") && !path.EndsWith(".min.js", StringComparison.Ordinal);

    [GeneratedRegex(@"\bDateTime(Offset)?\.(Now|UtcNow|Today)\b", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex MachineClock();

    [GeneratedRegex(@"\b(class|record|struct|interface|enum)\s+\w*(Manager|Helper|Helpers|Util|Utils|Utilities)\b", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex EmptyName();

    [GeneratedRegex(@"/w[o]rk/|/roo[t]/|/hom[e]/(?!linuxbrew)|registry\.npm[j]s|api\.nuge[t]\.org|\bpyp[i]\.org|artifactor[y]", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex MachinePath();
}
