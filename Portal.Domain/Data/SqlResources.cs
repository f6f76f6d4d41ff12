namespace Portal.Domain.Data;

/// <summary>SQL files embedded in this assembly.</summary>
public static class SqlResources
{
    private const string Prefix = "Portal.Domain.Data.";

    /// <summary>The text of a file under Data, dots for slashes and without its ending: <c>Sql.reconcile</c>.</summary>
    /// <exception cref="InvalidOperationException">There is no such file.</exception>
    public static string Read(string name)
    {
        using var stream = typeof(SqlResources).Assembly.GetManifestResourceStream($"{Prefix}{name}.sql")
            ?? throw new InvalidOperationException($"No SQL resource {name}.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
