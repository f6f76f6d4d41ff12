using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Portal.Domain.Data.EmbeddedPostgres;

/// <summary>
/// The folder of one server: <c>cluster</c> is PostgreSQL's own and belongs to the server's user, beside it lie the passwords,
/// the lock and the list of users, which belong to the application's.
/// </summary>
internal sealed record ServerPlace(string Folder, ServerAccount Account)
{
    /// <summary>Where a privileged process keeps data when the folder asked for is closed to the server's user.</summary>
    private const string Elsewhere = "/var/lib/portal";

    public string Cluster => ClusterOf(Folder);

    /// <summary>Whether a data directory holds a cluster of a major version.</summary>
    public static bool HasData(string dataDirectory, int major) =>
        Candidates(dataDirectory, major).Any(folder => File.Exists(Path.Combine(ClusterOf(folder), "PG_VERSION")));

    /// <summary>The folder asked for, made and checked, or another place when the server's user could not get there.</summary>
    public static async Task<ServerPlace> ChooseAsync(EmbeddedPostgresOptions options, int major, CancellationToken cancellationToken)
    {
        var (wanted, elsewhere) = (Candidates(options.DataDirectory, major)[0], Candidates(options.DataDirectory, major)[1]);
        try
        {
            var account = await ServerAccount.ChooseAsync(ClusterOf(wanted), cancellationToken);
            Access.MakePassableFolder(wanted);
            if (await account.ClosedParentAsync(wanted, cancellationToken) is not { } closed)
            {
                return new ServerPlace(wanted, account);
            }

            options.Tell($"PostgreSQL runs as {account.Name}, to whom {closed} is closed: its data are kept in {elsewhere} instead of {wanted}.");
            account = await ServerAccount.ChooseAsync(ClusterOf(elsewhere), cancellationToken);
            Access.MakePassableFolder(elsewhere);
            return await account.ClosedParentAsync(elsewhere, cancellationToken) is null
                ? new ServerPlace(elsewhere, account)
                : throw new EmbeddedPostgresException(
                    $"PostgreSQL runs as {account.Name}, to whom {closed} is closed. Set Portal__DataDirectory to a folder whose parents all may be passed.");
        }
        catch (UnauthorizedAccessException e)
        {
            throw new EmbeddedPostgresException(
                $"{wanted} cannot be written: {e.Message} Run as the user who owns it, or set Portal__DataDirectory to another folder.", e);
        }
    }

    private static string ClusterOf(string folder) => Path.Combine(folder, "cluster");

    private static string[] Candidates(string dataDirectory, int major)
    {
        var wanted = Path.GetFullPath(dataDirectory);
        var version = $"pg{major.ToString(CultureInfo.InvariantCulture)}";
        var mark = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(wanted)))[..8];
        return [Path.Combine(wanted, version), Path.Combine(Elsewhere, mark, version)];
    }
}
