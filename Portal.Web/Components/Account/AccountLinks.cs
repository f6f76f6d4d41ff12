using System.Text;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.WebUtilities;
using Portal.Domain.Tenants;

namespace Portal.Web.Components.Account;

/// <summary>The links that mails carry, and reading their tokens back.</summary>
internal static class AccountLinks
{
    /// <summary>The claim in which the company's name waits for the address to be confirmed.</summary>
    public const string CompanyClaim = "portal:company";

    /// <summary>The link that confirms the user's address.</summary>
    public static async Task<string> ConfirmationAsync(this UserManager<PortalUser> users, NavigationManager navigation, PortalUser user, string? returnUrl = null) =>
        Link(navigation, "account/confirm", new(StringComparer.Ordinal) { ["userId"] = user.Id, ["code"] = Pack(await users.GenerateEmailConfirmationTokenAsync(user)), ["returnUrl"] = returnUrl });

    /// <summary>The link that changes the user's address to another.</summary>
    public static async Task<string> EmailChangeAsync(this UserManager<PortalUser> users, NavigationManager navigation, PortalUser user, string email) =>
        Link(navigation, "account/confirm-change", new(StringComparer.Ordinal) { ["userId"] = user.Id, ["email"] = email, ["code"] = Pack(await users.GenerateChangeEmailTokenAsync(user, email)) });

    /// <summary>The link that leads to choosing another password.</summary>
    public static async Task<string> ResetAsync(this UserManager<PortalUser> users, NavigationManager navigation, PortalUser user) =>
        Link(navigation, "account/reset-password", new(StringComparer.Ordinal) { ["code"] = Pack(await users.GeneratePasswordResetTokenAsync(user)) });

    /// <summary>Encodes a link for the HTML of a mail.</summary>
    public static string ForHtml(string link) => HtmlEncoder.Default.Encode(link);

    /// <summary>The token of a link, or null when it is mangled.</summary>
    public static string? Unpack(string? code)
    {
        if (string.IsNullOrEmpty(code)) return null;
        try
        {
            return Encoding.UTF8.GetString(WebEncoders.Base64UrlDecode(code));
        }
        catch (FormatException)
        {
            return null;
        }
    }

    /// <summary>What Identity refused, in one sentence for <see cref="Notice"/>.</summary>
    public static string Message(this IdentityResult result) => "Error: " + string.Join(' ', result.Errors.Select(error => error.Description));

    private static string Pack(string token) => WebEncoders.Base64UrlEncode(Encoding.UTF8.GetBytes(token));

    private static string Link(NavigationManager navigation, string path, Dictionary<string, object?> query) =>
        navigation.GetUriWithQueryParameters(navigation.ToAbsoluteUri(path).AbsoluteUri, query);
}
