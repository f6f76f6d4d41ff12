using System.Security.Cryptography;
using System.Text.Json;

namespace Portal.Domain.Data.EmbeddedPostgres;

/// <summary>The passwords of the server's three roles that sign in, made once and kept in a file only its owner may read.</summary>
internal sealed record Credentials(string Superuser, string Owner, string App)
{
    /// <summary>Reads the file, or makes it for a cluster that does not exist yet.</summary>
    /// <exception cref="EmbeddedPostgresException">The file is closed to us, or missing beside a cluster that exists.</exception>
    public static async Task<Credentials> LoadAsync(ServerPlace place, bool clusterExists, CancellationToken cancellationToken)
    {
        var path = Path.Combine(place.Folder, "passwords.json");
        if (clusterExists)
        {
            return File.Exists(path)
                ? JsonSerializer.Deserialize<Credentials>(await File.ReadAllTextAsync(path, cancellationToken))!
                : throw new EmbeddedPostgresException(
                    $"{path} is missing: the passwords of the database in {place.Cluster}. Put it back, or move {place.Folder} away to begin anew.");
        }

        File.Delete(path);
        var made = new Credentials(NewPassword(), NewPassword(), NewPassword());
        await Access.WritePrivateFileAsync(path, JsonSerializer.Serialize(made), cancellationToken);
        return made;
    }

    private static string NewPassword() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24));
}
