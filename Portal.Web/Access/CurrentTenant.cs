using Portal.Domain.Kernel;
using Portal.Domain.Tenants;

namespace Portal.Web.Access;

/// <summary>
/// The tenant of the page and what the signed-in person is in it. Cascaded by <c>MainLayout</c> to every page under <c>/t/{TenantKey}</c>:
/// <c>[CascadingParameter] public CurrentTenant Tenant { get; set; }</c>. A snapshot for drawing; commands ask <see cref="TenantAccess"/> again.
/// </summary>
/// <param name="Id">The tenant's id.</param>
/// <param name="Key">Its key, as in the address.</param>
/// <param name="Name">Its name.</param>
/// <param name="Zone">Its time zone, for days and instants.</param>
/// <param name="Currency">Its currency.</param>
/// <param name="UserId">The signed-in user.</param>
/// <param name="MemberId">The user's membership.</param>
/// <param name="Role">The user's role.</param>
public sealed record CurrentTenant(
    long Id, string Key, string Name, TimeZoneInfo Zone, Currency Currency, Guid UserId, Guid MemberId, MemberRole Role)
{
    /// <summary>True when the role includes what <paramref name="role"/> may.</summary>
    public bool May(MemberRole role) => Role >= role;

    /// <summary>The address of a page of this tenant: <c>Path("usage")</c> is <c>/t/acme/usage</c>.</summary>
    public string Path(string page = "") => page.Length == 0 ? $"/t/{Key}" : $"/t/{Key}/{page}";
}

/// <summary>One of the tenants that a person may switch to.</summary>
/// <param name="Key">Key, as in the address.</param>
/// <param name="Name">Name.</param>
/// <param name="Role">The person's role there.</param>
public sealed record TenantChoice(string Key, string Name, MemberRole Role);
