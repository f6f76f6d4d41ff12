using Microsoft.AspNetCore.WebUtilities;
using Npgsql;
using Portal.Domain.Kernel;

namespace Portal.Domain.Payments;

/// <summary>Where a customer may be sent after paying: this portal, or an origin that the platform registered. Anything else would be an open redirect.</summary>
public static class ReturnUrls
{
    /// <summary>Greatest length of a return_url.</summary>
    public const int MaxLength = 2000;

    /// <summary>
    /// The address to return to. Refuses: <c>invalid_return_url</c>
    /// (not absolute, not http or https, or with credentials in it), <c>return_url_not_registered</c>.
    /// </summary>
    /// <remarks>A null <c>returnUrl</c> returns to that page of the tenant on <c>portal</c>, the address of this portal.</remarks>
    public static async Task<Result<Uri>> CheckAsync(
        NpgsqlDataSource source, Uri portal, string tenantKey, string? returnUrl, CancellationToken cancellationToken, string page = "buy")
    {
        ArgumentNullException.ThrowIfNull(portal);
        if (returnUrl is null) return new Uri(portal, $"/t/{tenantKey}/{page}");
        if (returnUrl.Length > MaxLength || !Uri.TryCreate(returnUrl, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https") || url.UserInfo.Length > 0)
            return Problem.Field("return_url", "invalid_return_url", $"The return_url is an absolute address with http or https, at most {MaxLength} characters.");
        var origin = Origin(url);
        if (origin == Origin(portal)) return url;
        await using var command = source.CreateCommand("select return_origins from platform");
        var registered = (string[])(await command.ExecuteScalarAsync(cancellationToken))!;
        return registered.Contains(origin, StringComparer.OrdinalIgnoreCase)
            ? url
            : Problem.Field("return_url", "return_url_not_registered", $"{origin} is not among the platform's registered origins.");
    }

    /// <summary>The same address with <c>{name}={id}</c> in its query.</summary>
    public static Uri With(Uri url, string name, string id)
    {
        ArgumentNullException.ThrowIfNull(url);
        return new Uri(QueryHelpers.AddQueryString(url.AbsoluteUri, name, id));
    }

    private static string Origin(Uri url) => url.GetLeftPart(UriPartial.Authority);
}
