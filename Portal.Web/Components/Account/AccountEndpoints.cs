using System.Security.Claims;
using System.Text.Json;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Mvc;
using Portal.Domain.Tenants;

namespace Portal.Web.Components.Account;

/// <summary>What the account pages post to besides themselves.</summary>
internal static class AccountEndpoints
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public static void MapAccountEndpoints(this IEndpointRouteBuilder endpoints)
    {
        var account = endpoints.MapGroup("/account").ExcludeFromDescription();
        account.MapPost("/sign-out", SignOutAsync);
        account.MapPost("/passkey-creation-options", CreationOptionsAsync).RequireAuthorization();
        account.MapPost("/passkey-request-options", RequestOptionsAsync);
        account.MapPost("/personal-data/download", DownloadAsync).RequireAuthorization();
    }

    // The form's token is checked by the antiforgery middleware because the handler takes a form.
    private static async Task<IResult> SignOutAsync(SignInManager<PortalUser> signIn, [FromForm] string? returnUrl)
    {
        await signIn.SignOutAsync();
        return Results.LocalRedirect(returnUrl is null ? "/account/sign-in" : AccountRedirects.Local(returnUrl));
    }

    private static async Task<IResult> CreationOptionsAsync(
        HttpContext context, UserManager<PortalUser> users, SignInManager<PortalUser> signIn, IAntiforgery antiforgery)
    {
        await antiforgery.ValidateRequestAsync(context);
        if (await users.GetUserAsync(context.User) is not { } user) return Results.NotFound();
        var options = await signIn.MakePasskeyCreationOptionsAsync(new PasskeyUserEntity
        {
            Id = user.Id.ToString(),
            Name = user.UserName ?? user.Label,
            DisplayName = user.Label,
        });
        return Results.Content(options, "application/json");
    }

    private static async Task<IResult> RequestOptionsAsync(
        HttpContext context, UserManager<PortalUser> users, SignInManager<PortalUser> signIn, IAntiforgery antiforgery, [FromQuery] string? username)
    {
        await antiforgery.ValidateRequestAsync(context);
        var user = string.IsNullOrEmpty(username) ? null : await users.FindByNameAsync(username);
        return Results.Content(await signIn.MakePasskeyRequestOptionsAsync(user), "application/json");
    }

    private static async Task<IResult> DownloadAsync(HttpContext context, UserManager<PortalUser> users, IAntiforgery antiforgery, ClaimsPrincipal principal)
    {
        await antiforgery.ValidateRequestAsync(context);
        if (await users.GetUserAsync(principal) is not { } user) return Results.NotFound();
        var data = new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["id"] = user.Id.ToString(),
            ["user_name"] = user.UserName,
            ["email"] = user.Email,
            ["email_confirmed"] = user.EmailConfirmed ? "true" : "false",
            ["display_name"] = user.DisplayName,
            ["locale"] = user.Locale,
            ["phone_number"] = user.PhoneNumber,
            ["two_factor"] = user.TwoFactorEnabled ? "on" : "off",
            ["created_at"] = user.CreatedAt.ToString("O", System.Globalization.CultureInfo.InvariantCulture),
        };
        foreach (var passkey in await users.GetPasskeysAsync(user)) data[$"passkey {passkey.Name}"] = passkey.CreatedAt.ToString("O", System.Globalization.CultureInfo.InvariantCulture);
        return Results.File(JsonSerializer.SerializeToUtf8Bytes(data, Indented), "application/json", "personal-data.json");
    }
}
