using System.Net;
using Microsoft.AspNetCore.Identity;
using Portal.Domain.Notifications;
using Portal.Domain.Tenants;

namespace Portal.Web.Components.Account;

/// <summary>The mails of sign-up, reset and change of address. Links arrive encoded for HTML, as Identity's pages send them.</summary>
internal sealed class AccountMail(IMailTransport transport) : IEmailSender<PortalUser>
{
    public Task SendConfirmationLinkAsync(PortalUser user, string email, string confirmationLink) => SendAsync(
        email, "Confirm your mail address", "Please confirm that this address is yours.", "Confirm address", confirmationLink);

    public Task SendPasswordResetLinkAsync(PortalUser user, string email, string resetLink) => SendAsync(
        email, "Reset your password", "Somebody asked to reset the password of your account. If it was not you, ignore this mail.", "Choose a new password", resetLink);

    public Task SendPasswordResetCodeAsync(PortalUser user, string email, string resetCode) => transport.SendAsync(new Mail(
        email, "Reset your password", $"Your code: {WebUtility.HtmlDecode(resetCode)}", $"<p>Your code: <strong>{resetCode}</strong></p>"));

    /// <summary>Somebody signed up with an address that has an account: its owner is told, the page says nothing.</summary>
    public Task SendAccountExistsAsync(string email, string signInLink) => SendAsync(
        email, "You already have an account", "Somebody, perhaps you, tried to sign up with this address. You can sign in, or reset your password there.", "Sign in", signInLink);

    private Task SendAsync(string to, string subject, string sentence, string action, string encodedLink) => transport.SendAsync(new Mail(
        to,
        subject,
        $"{sentence}\n\n{action}:\n{WebUtility.HtmlDecode(encodedLink)}\n",
        $"""
        <div style="font-family:system-ui,sans-serif;max-width:480px;margin:auto;padding:24px;color:#16211d">
        <h1 style="font-size:20px">{subject}</h1><p>{sentence}</p>
        <p><a href="{encodedLink}" style="display:inline-block;padding:12px 18px;border-radius:10px;background:#0b6b55;color:#fff;text-decoration:none">{action}</a></p>
        <p style="color:#55635d;font-size:13px">The link works for one day.</p></div>
        """));
}
