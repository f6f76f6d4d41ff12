using Microsoft.AspNetCore.Components;

namespace Portal.Web.Components.Account;

/// <summary>Redirects of the static account pages: never to another host, and with a message for the next page when there is one.</summary>
internal sealed class AccountRedirects(NavigationManager navigation)
{
    /// <summary>Cookie that carries the message to the next page.</summary>
    public const string StatusCookie = "portal.status";

    private static readonly CookieBuilder Cookie = new()
    {
        SameSite = SameSiteMode.Strict,
        HttpOnly = true,
        IsEssential = true,
        MaxAge = TimeSpan.FromSeconds(10),
    };

    /// <summary>To an address of this host; anything else leads to the start.</summary>
    public void To(string? uri) => navigation.NavigateTo(Local(uri));

    /// <summary>To an address of this host with a query.</summary>
    public void To(string path, IReadOnlyDictionary<string, object?> query) =>
        navigation.NavigateTo(navigation.GetUriWithQueryParameters(navigation.ToAbsoluteUri(path).AbsoluteUri, query));

    /// <summary>With a message; one that begins with "Error" is shown as a failure.</summary>
    public void To(string uri, string message, HttpContext context)
    {
        context.Response.Cookies.Append(StatusCookie, message, Cookie.Build(context));
        To(uri);
    }

    /// <summary>The session's user is gone: signs them out by way of the start.</summary>
    public void ToInvalidUser(HttpContext context) => To("/account/sign-in", "Error: this account no longer exists.", context);

    /// <summary>A path of this host, or the start.</summary>
    public static string Local(string? uri) =>
        uri is { Length: > 0 } && uri[0] == '/' && !uri.StartsWith("//", StringComparison.Ordinal) && !uri.StartsWith("/\\", StringComparison.Ordinal)
            ? uri
            : "/";
}
