using Portal.Domain.Tenants;

namespace Portal.Web.Hosting.Seed;

/// <summary>Somebody to sign in as.</summary>
/// <param name="Name">What people call them.</param>
/// <param name="Email">Sign-in.</param>
/// <param name="Role">Role in the demo's company; null for none.</param>
/// <param name="OperatorRole">Role on the platform; null for none.</param>
internal sealed record DemoPerson(string Name, string Email, MemberRole? Role, string? OperatorRole)
{
    public string What => OperatorRole is not null ? "operator" : Role!.Value.Text();
}

/// <summary>The people of the demo. Their password is public: production refuses the seed.</summary>
internal static class DemoPeople
{
    public const string Password = "acme-robotics-demo";

    public static readonly IReadOnlyList<DemoPerson> All =
    [
        new("Olivia Chen", "owner@acme.example", MemberRole.Owner, null),
        new("Bilal Haddad", "billing@acme.example", MemberRole.Billing, null),
        new("Mia Novak", "member@acme.example", MemberRole.Member, null),
        new("Otto Platform", "operator@portal.example", null, OperatorRoles.Operator),
    ];
}
