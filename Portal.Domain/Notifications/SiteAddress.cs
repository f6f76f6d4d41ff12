using Microsoft.Extensions.Configuration;

namespace Portal.Domain.Notifications;

/// <summary>Where people find the portal, for links in mails that no page asked for.</summary>
/// <param name="Root">Ends with a slash.</param>
public sealed record SiteAddress(Uri Root)
{
    /// <summary><c>Portal:PublicUrl</c>; where none is given, the address at which the portal listens by default.</summary>
    public static SiteAddress Read(IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        return new(Uri.TryCreate(configuration["Portal:PublicUrl"], UriKind.Absolute, out var site) ? new Uri(site.AbsoluteUri.TrimEnd('/') + "/") : new Uri("http://localhost:5080/"));
    }
}
