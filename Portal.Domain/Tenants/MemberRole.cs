namespace Portal.Domain.Tenants;

/// <summary>What a person may do in a tenant; each role may all that those before it may.</summary>
public enum MemberRole
{
    /// <summary>Sees own usage and pool.</summary>
    Member,

    /// <summary>Also buys, pays, sees invoices.</summary>
    Billing,

    /// <summary>Also manages pools, teams, members, keys.</summary>
    Admin,

    /// <summary>Also cancels, transfers ownership, deletes.</summary>
    Owner,
}

/// <summary>Roles as the database and the API write them.</summary>
public static class MemberRoles
{
    /// <summary>Lower-case name: <c>owner</c>, <c>admin</c>, <c>billing</c>, <c>member</c>.</summary>
    public static string Text(this MemberRole role) => role switch
    {
        MemberRole.Owner => "owner",
        MemberRole.Admin => "admin",
        MemberRole.Billing => "billing",
        MemberRole.Member => "member",
        _ => throw new ArgumentOutOfRangeException(nameof(role)),
    };

    /// <summary>The role of a text made by <see cref="Text"/>, or null.</summary>
    public static MemberRole? Find(string? text) => text switch
    {
        "owner" => MemberRole.Owner,
        "admin" => MemberRole.Admin,
        "billing" => MemberRole.Billing,
        "member" => MemberRole.Member,
        _ => null,
    };
}
