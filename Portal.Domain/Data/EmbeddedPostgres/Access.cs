namespace Portal.Domain.Data.EmbeddedPostgres;

/// <summary>Files and folders that are born with the rights they shall have.</summary>
internal static class Access
{
    private const string NotOnWindows =
        "The embedded PostgreSQL runs on Linux and macOS. Set ConnectionStrings__Portal to a server of your own.";

    private const UnixFileMode OwnerOnlyFolder = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private const UnixFileMode PassableFolder = OwnerOnlyFolder
        | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    /// <summary>A folder that only its owner enters (0700).</summary>
    public static void MakePrivateFolder(string path) => MakeFolder(path, OwnerOnlyFolder);

    /// <summary>A folder, with its parents, that everybody may pass (0755).</summary>
    public static void MakePassableFolder(string path) => MakeFolder(path, PassableFolder);

    /// <summary>Writes a new file that only its owner reads (0600).</summary>
    public static async Task WritePrivateFileAsync(string path, string text, CancellationToken cancellationToken)
    {
        if (OperatingSystem.IsWindows())
        {
            throw new EmbeddedPostgresException(NotOnWindows);
        }

        await using var file = new StreamWriter(path, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
        await file.WriteAsync(text.AsMemory(), cancellationToken);
    }

    private static void MakeFolder(string path, UnixFileMode mode)
    {
        if (OperatingSystem.IsWindows())
        {
            throw new EmbeddedPostgresException(NotOnWindows);
        }

        Directory.CreateDirectory(path, mode);
    }
}
