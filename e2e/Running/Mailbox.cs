using MimeKit;

namespace Portal.E2E.Running;

/// <summary>The mail that a portal in development writes to its folder.</summary>
public sealed class Mailbox(string folder)
{
    /// <summary>The link to a path of the portal in a mail to an address, once it has come.</summary>
    public Task<Uri> LinkAsync(string to, string path) =>
        Eventually.FindAsync($"mail to {to} with a link to {path}", () => Task.FromResult(Find(to, path)));

    private Uri? Find(string to, string path)
    {
        if (!Directory.Exists(folder)) return null;
        foreach (var file in Directory.GetFiles(folder, "*.eml").OrderDescending(StringComparer.Ordinal))
        {
            if (Read(file) is not { } mail || !mail.To.Mailboxes.Any(address => address.Address == to)) continue;
            var link = mail.TextBody?.Split('\n', StringSplitOptions.TrimEntries)
                .Select(line => Uri.TryCreate(line, UriKind.Absolute, out var uri) ? uri : null)
                .FirstOrDefault(uri => uri?.AbsolutePath.StartsWith(path, StringComparison.Ordinal) == true);
            if (link is not null) return link;
        }

        return null;
    }

    private static MimeMessage? Read(string file)
    {
        try
        {
            return MimeMessage.Load(file);
        }
        catch (Exception e) when (e is FormatException or IOException)
        {
            return null; // still being written
        }
    }
}
