using System.Globalization;
using System.Text.RegularExpressions;

namespace Portal.Domain.Data.EmbeddedPostgres;

/// <summary>A PostgreSQL server's programs on this machine.</summary>
internal sealed partial record PostgresBinaries(string Directory, int Major)
{
    private const int OldestMajor = 15;

    public string InitDb => Path.Combine(Directory, "initdb");

    public string PgCtl => Path.Combine(Directory, "pg_ctl");

    /// <summary>
    /// The configured folder, else the newest found in PATH and the usual folders, preferring the version that data exist for:
    /// installing a newer server must not hide the data of an older one.
    /// </summary>
    /// <exception cref="EmbeddedPostgresException">None is found; says what to install.</exception>
    public static async Task<PostgresBinaries> FindAsync(EmbeddedPostgresOptions options, CancellationToken cancellationToken)
    {
        if (options.BinDirectory is { Length: > 0 } configured)
        {
            return await ReadAsync(configured, cancellationToken)
                ?? throw new EmbeddedPostgresException($"Postgres:BinDir is {configured}, which has no pg_ctl and initdb that run.");
        }

        var found = new List<PostgresBinaries>();
        foreach (var directory in UsualDirectories())
        {
            if (await ReadAsync(directory, cancellationToken) is { } binaries)
            {
                found.Add(binaries);
            }
        }

        var fit = found.Where(b => b.Major >= OldestMajor).OrderByDescending(b => b.Major).ToList();
        return fit.Find(b => ServerPlace.HasData(options.DataDirectory, b.Major)) ?? fit.FirstOrDefault()
            ?? throw new EmbeddedPostgresException(WhatToInstall(found));
    }

    private static string WhatToInstall(List<PostgresBinaries> tooOld)
    {
        var what = tooOld.Count == 0
            ? "No PostgreSQL server was found on this machine."
            : $"The PostgreSQL found here is version {tooOld.Max(b => b.Major)}; {OldestMajor} or newer is needed.";
        return $"""
            {what} Install one:
              Debian, Ubuntu   apt-get install postgresql
              Fedora           dnf install postgresql-server
              macOS            brew install postgresql@17
            or name the folder of its programs (Postgres__BinDir), or use a server of your own (ConnectionStrings__Portal).
            """;
    }

    private static IEnumerable<string> UsualDirectories()
    {
        var path = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries);
        string[] parents = ["/usr/lib/postgresql", "/usr/local/lib/postgresql", "/opt/homebrew/opt", "/usr/local/opt", "/home/linuxbrew/.linuxbrew/opt"];
        var versioned = parents
            .Where(System.IO.Directory.Exists)
            .SelectMany(System.IO.Directory.GetDirectories)
            .Select(folder => Path.Combine(folder, "bin"));
        return path.Concat(versioned).Concat(["/usr/pgsql/bin", "/usr/libexec/postgresql", "/usr/bin"])
            .Where(folder => File.Exists(Path.Combine(folder, "pg_ctl")) && File.Exists(Path.Combine(folder, "initdb")))
            .Distinct(StringComparer.Ordinal);
    }

    private static async Task<PostgresBinaries?> ReadAsync(string directory, CancellationToken cancellationToken)
    {
        if (!File.Exists(Path.Combine(directory, "initdb")))
        {
            return null;
        }

        var version = await Command.RunAsync(Path.Combine(directory, "pg_ctl"), ["--version"], cancellationToken);
        var match = VersionPattern().Match(version.Output);
        return version.Succeeded && match.Success
            ? new PostgresBinaries(Path.GetFullPath(directory), int.Parse(match.Groups["major"].Value, CultureInfo.InvariantCulture))
            : null;
    }

    [GeneratedRegex(@"\(PostgreSQL\) (?<major>\d{1,3})", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex VersionPattern();
}
