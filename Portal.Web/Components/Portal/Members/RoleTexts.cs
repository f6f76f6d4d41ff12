using Portal.Domain.Tenants;

namespace Portal.Web.Components.TenantPages;

/// <summary>Roles as people read them.</summary>
public static class RoleTexts
{
    /// <summary>The role's name.</summary>
    public static string Name(MemberRole role) => role switch
    {
        MemberRole.Owner => "Owner",
        MemberRole.Admin => "Admin",
        MemberRole.Billing => "Billing",
        MemberRole.Member => "Member",
        _ => throw new ArgumentOutOfRangeException(nameof(role)),
    };

    /// <summary>What it may.</summary>
    public static string May(MemberRole role) => role switch
    {
        MemberRole.Owner => "Everything, also cancel, transfer ownership and delete.",
        MemberRole.Admin => "What billing may; manages pools, teams, members and keys.",
        MemberRole.Billing => "Sees all usage and the statement; buys and pays.",
        MemberRole.Member => "Sees own usage and the pool it draws from.",
        _ => throw new ArgumentOutOfRangeException(nameof(role)),
    };
}
