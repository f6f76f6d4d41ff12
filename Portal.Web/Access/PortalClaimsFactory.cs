using System.Security.Claims;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;
using Portal.Domain.Tenants;

namespace Portal.Web.Access;

/// <summary>Adds the operator's role, the name and the locale to a session when it is signed in or refreshed.</summary>
internal sealed class PortalClaimsFactory(UserManager<PortalUser> users, IOptions<IdentityOptions> options)
    : UserClaimsPrincipalFactory<PortalUser>(users, options)
{
    protected override async Task<ClaimsIdentity> GenerateClaimsAsync(PortalUser user)
    {
        var identity = await base.GenerateClaimsAsync(user);
        if (user.OperatorRole is { } role) identity.AddClaim(new Claim(PortalClaims.Operator, role));
        if (!string.IsNullOrWhiteSpace(user.DisplayName)) identity.AddClaim(new Claim(PortalClaims.DisplayName, user.DisplayName));
        if (!string.IsNullOrWhiteSpace(user.Locale)) identity.AddClaim(new Claim(PortalClaims.Locale, user.Locale));
        return identity;
    }
}
