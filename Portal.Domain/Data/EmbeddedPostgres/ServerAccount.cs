using System.Globalization;

namespace Portal.Domain.Data.EmbeddedPostgres;

/// <summary>
/// The user that the server runs as. PostgreSQL refuses root, so a privileged process hands it to <c>postgres</c> or
/// <c>nobody</c>; anybody else runs it as himself.
/// </summary>
internal sealed record ServerAccount(string Name, int? Uid, int? Gid)
{
    private static readonly ServerAccount Self = new(Environment.UserName, Uid: null, Gid: null);

    /// <summary>Who runs the server here: the owner of data that exist, so that a folder may change between root and others.</summary>
    public static async Task<ServerAccount> ChooseAsync(string existingCluster, CancellationToken cancellationToken)
    {
        if (!Environment.IsPrivilegedProcess)
        {
            return Self;
        }

        if (!(await Command.RunAsync("setpriv", ["--version"], cancellationToken)).Succeeded)
        {
            throw new EmbeddedPostgresException(
                "PostgreSQL does not run as root and there is no setpriv (package util-linux) to run it as somebody else. Start as an ordinary user.");
        }

        if (Directory.Exists(existingCluster)
            && await ReadAsync("stat", ["-c", "%U %u %g", existingCluster], cancellationToken) is { Uid: not 0 } owner)
        {
            return owner;
        }

        foreach (var name in (string[])["postgres", "nobody"])
        {
            if (await ReadAsync("sh", ["-c", "echo \"$0 $(id -u \"$0\") $(id -g \"$0\")\"", name], cancellationToken) is { } account)
            {
                return account;
            }
        }

        throw new EmbeddedPostgresException("PostgreSQL does not run as root and there is neither a user postgres nor nobody. Start as an ordinary user.");
    }

    /// <summary>Runs a program as this user.</summary>
    public Task<CommandOutcome> RunAsync(string file, IEnumerable<string> arguments, CancellationToken cancellationToken) => Uid is null
        ? Command.RunAsync(file, arguments, cancellationToken)
        : Command.RunAsync(
            "setpriv",
            [
                $"--reuid={Uid.Value.ToString(CultureInfo.InvariantCulture)}", $"--regid={Gid!.Value.ToString(CultureInfo.InvariantCulture)}",
                "--clear-groups", "--", file, .. arguments,
            ],
            cancellationToken);

    /// <summary>Makes this user the owner of a file or folder.</summary>
    public async Task OwnAsync(string path, CancellationToken cancellationToken)
    {
        if (Uid is null)
        {
            return;
        }

        var outcome = await Command.RunAsync("chown", [$"{Uid}:{Gid}", path], cancellationToken);
        if (!outcome.Succeeded)
        {
            throw new EmbeddedPostgresException($"{path} could not be given to the user {Name}: {outcome.Output}");
        }
    }

    /// <summary>The outermost parent of a folder that this user may not pass; null when the way is free.</summary>
    public async Task<string?> ClosedParentAsync(string folder, CancellationToken cancellationToken)
    {
        if (Uid is null || await MayPassAsync(folder, cancellationToken))
        {
            return null;
        }

        var parents = new Stack<string>();
        for (var parent = folder; parent is not null; parent = Path.GetDirectoryName(parent))
        {
            parents.Push(parent);
        }

        foreach (var parent in parents)
        {
            if (!await MayPassAsync(parent, cancellationToken))
            {
                return parent;
            }
        }

        return folder;
    }

    private async Task<bool> MayPassAsync(string folder, CancellationToken cancellationToken) =>
        (await RunAsync("test", ["-x", folder], cancellationToken)).Succeeded;

    private static async Task<ServerAccount?> ReadAsync(string file, string[] arguments, CancellationToken cancellationToken)
    {
        var outcome = await Command.RunAsync(file, arguments, cancellationToken);
        var parts = outcome.Output.Split(' ');
        return outcome.Succeeded && parts.Length == 3
            && int.TryParse(parts[1], CultureInfo.InvariantCulture, out var uid) && int.TryParse(parts[2], CultureInfo.InvariantCulture, out var gid)
            ? new ServerAccount(parts[0], uid, gid)
            : null;
    }
}
