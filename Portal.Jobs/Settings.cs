using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;

namespace Portal.Jobs;

/// <summary>The one settings file.</summary>
public static class Settings
{
    /// <summary>Reads <c>appsettings.json</c> beside the program, wherever it was started; whatever else says a setting goes before it.</summary>
    public static void AddPortalSettings(this IHostApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var file = new ConfigurationBuilder().AddJsonFile(Path.Combine(AppContext.BaseDirectory, "appsettings.json"), optional: true).Sources[0];
        builder.Configuration.Sources.Insert(0, file);
    }
}
