using System.Net;
using System.Net.Sockets;
using Portal.Domain.Kernel;

namespace Portal.Domain.Webhooks;

/// <summary>Where webhooks may go: https to addresses of the public internet. What a name resolves to is looked at when the line is opened.</summary>
public static class WebhookAddress
{
    private const int Longest = 2000;

    // What IANA's registries of special-purpose addresses set apart.
    private static readonly IPNetwork[] NotPublic =
    [
        .. new[]
        {
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24",
            "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
            "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
        }.Select(IPNetwork.Parse),
    ];

    private static readonly string[] PrivateNames = [".localhost", ".local", ".internal", ".home.arpa"];

    private static readonly IPNetwork Global = IPNetwork.Parse("2000::/3");

    /// <summary>True for an address of the public internet.</summary>
    public static bool IsPublic(IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        return (address.AddressFamily == AddressFamily.InterNetwork || Global.Contains(address)) && !NotPublic.Any(network => network.Contains(address));
    }

    /// <summary>True where a message may be sent: a public address, or this machine where that is allowed.</summary>
    public static bool MayReach(IPAddress address, WebhookSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        return IsPublic(address) || (settings.Loopback && IPAddress.IsLoopback(address));
    }

    /// <summary>The address of an endpoint, or <c>invalid_url</c>, <c>url_not_https</c>, <c>url_not_public</c>.</summary>
    public static Result<Uri> Read(string? text, WebhookSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        if (text is null or { Length: 0 or > Longest } || text.Any(c => char.IsControl(c) || char.IsWhiteSpace(c)) || !Uri.TryCreate(text, UriKind.Absolute, out var url)
            || url.Scheme is not ("https" or "http") || url.UserInfo.Length > 0 || url.Fragment.Length > 0 || url.IdnHost.Length == 0)
            return Problem.Field("url", "invalid_url", "The URL is an https address of at most 2,000 characters, without a user name and without a fragment.");
        var isHere = url.IdnHost == "localhost" || (IPAddress.TryParse(url.IdnHost, out var own) && IPAddress.IsLoopback(own));
        if (url.Scheme == "http" && !(isHere && settings.Loopback)) return Problem.Field("url", "url_not_https", "The URL must begin with https.");
        return isHere && settings.Loopback ? url : IsPublicHost(url.IdnHost) ? url : Problem.Field("url", "url_not_public", "The URL must be reachable from the public internet.");
    }

    private static bool IsPublicHost(string host) => IPAddress.TryParse(host, out var address)
        ? IsPublic(address)
        : host.Contains('.', StringComparison.Ordinal) && !PrivateNames.Any(end => host.TrimEnd('.').EndsWith(end, StringComparison.OrdinalIgnoreCase));
}
