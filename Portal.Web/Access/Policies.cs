using System.Security.Claims;
using Microsoft.AspNetCore.Authorization;
using Portal.Domain.Tenants;

namespace Portal.Web.Access;

/// <summary>
/// Names of policies. Those of operators stand on a claim of the session; those of members are asked with the <see cref="CurrentTenant"/>
/// as resource: <c>&lt;AuthorizeView Policy="@Policies.Billing" Resource="Tenant"&gt;</c>. Commands check again with <see cref="TenantAccess.RequireAsync"/>.
/// </summary>
public static class Policies
{
    /// <summary>A member of any role.</summary>
    public const string Member = "member";

    /// <summary>May buy, pay and see invoices.</summary>
    public const string Billing = "billing";

    /// <summary>May manage pools, teams, members, keys.</summary>
    public const string Admin = "admin";

    /// <summary>May cancel, transfer ownership, delete.</summary>
    public const string Owner = "owner";

    /// <summary>Operators of any role: reading, view-as.</summary>
    public const string Support = "operator-support";

    /// <summary>Operators who may refund, credit, write off, close months.</summary>
    public const string Finance = "operator-finance";

    /// <summary>Operators who may everything.</summary>
    public const string Operator = "operator-all";

    /// <summary>Registers the policies.</summary>
    public static void Add(AuthorizationBuilder builder)
    {
        builder
            .AddPolicy(Member, policy => policy.AddRequirements(new MemberRequirement(MemberRole.Member)))
            .AddPolicy(Billing, policy => policy.AddRequirements(new MemberRequirement(MemberRole.Billing)))
            .AddPolicy(Admin, policy => policy.AddRequirements(new MemberRequirement(MemberRole.Admin)))
            .AddPolicy(Owner, policy => policy.AddRequirements(new MemberRequirement(MemberRole.Owner)))
            .AddPolicy(Support, policy => policy.RequireClaim(PortalClaims.Operator, OperatorRoles.Support, OperatorRoles.Finance, OperatorRoles.Operator))
            .AddPolicy(Finance, policy => policy.RequireClaim(PortalClaims.Operator, OperatorRoles.Finance, OperatorRoles.Operator))
            .AddPolicy(Operator, policy => policy.RequireClaim(PortalClaims.Operator, OperatorRoles.Operator));
        builder.Services.AddSingleton<IAuthorizationHandler, MemberHandler>();
    }

    private sealed record MemberRequirement(MemberRole Role) : IAuthorizationRequirement;

    private sealed class MemberHandler : AuthorizationHandler<MemberRequirement, CurrentTenant>
    {
        protected override Task HandleRequirementAsync(AuthorizationHandlerContext context, MemberRequirement requirement, CurrentTenant resource)
        {
            if (context.User.UserId() == resource.UserId && resource.May(requirement.Role)) context.Succeed(requirement);
            return Task.CompletedTask;
        }
    }
}

/// <summary>Claims of a session beyond Identity's own.</summary>
public static class PortalClaims
{
    /// <summary>One of <see cref="OperatorRoles"/>.</summary>
    public const string Operator = "portal:operator";

    /// <summary>What the person is called.</summary>
    public const string DisplayName = "portal:name";

    /// <summary>BCP 47 tag for numbers and dates.</summary>
    public const string Locale = "portal:locale";

    /// <summary>The signed-in user's id, or null for nobody.</summary>
    public static Guid? UserId(this ClaimsPrincipal? user) =>
        Guid.TryParse(user?.FindFirstValue(ClaimTypes.NameIdentifier), out var id) ? id : null;

    /// <summary>What to call the person: display name, else mail address.</summary>
    public static string Label(this ClaimsPrincipal user) =>
        user.FindFirstValue(DisplayName) ?? user.FindFirstValue(ClaimTypes.Email) ?? user.Identity?.Name ?? "";
}
