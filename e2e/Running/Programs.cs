using System.Reflection;

namespace Portal.E2E.Running;

/// <summary>Where the build put the programs that the journeys start.</summary>
internal static class Programs
{
    public static string Web { get; } = Find("Portal.Web");

    public static string Bench { get; } = Find("Portal.Bench");

    /// <summary>The project's folder: where <c>./portal run</c> starts the web host.</summary>
    public static string WebFolder { get; } = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Web)!, "..", "..", ".."));

    private static string Find(string name) => Path.GetFullPath(typeof(Programs).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(metadata => metadata.Key == name).Value!);
}
