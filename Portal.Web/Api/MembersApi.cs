using Npgsql;
using Portal.Domain.Kernel;
using Portal.Domain.Tenants;
using Portal.Web.Api.Http;

namespace Portal.Web.Api;

/// <summary>The people of a tenant.</summary>
public static class MembersApi
{
    /// <summary>Maps the endpoints.</summary>
    public static void Map(RouteGroupBuilder tenant)
    {
        var members = tenant.MapGroup("/members").WithTags("Members");
        members.MapGet("", ListAsync).RequireScope(Scope.Read).Answers<Listing<MemberDocument>>().Says("List members and open invitations");
        members.MapPost("", InviteAsync).RequireScope(Scope.Manage).Answers<MemberDocument>(201)
            .Says("Invite somebody by mail", "Who has not accepted yet is sent a new link. Only a platform key invites owners.", """{"email":"ana@example.com","role":"billing"}""");
        members.MapPatch("/{member}", ChangeAsync).RequireScope(Scope.Manage).Answers<MemberDocument>()
            .Says("Give a member another role", "The last owner stays one.", """{"role":"admin"}""");
        members.MapDelete("/{member}", RemoveAsync).RequireScope(Scope.Manage).Produces(204)
            .Says("Remove a member, or withdraw an invitation", "The last owner cannot be removed.");
    }

    private static async Task<IResult> ListAsync([AsParameters] PageQuery query, PathTenant tenant, NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        var page = query.Read();
        if (page.Problem is { } problem) return new ProblemAnswer(problem);
        var after = page.Value.AfterId();
        if (after.Problem is { } invalid) return new ProblemAnswer(invalid);
        var members = await Members.ListAsync(source, tenant.Id, page.Value.Fetch, after.Value, cancellationToken);
        return page.Value.Answer(members, member => member.Id.ToString("N"), MemberDocument.Of);
    }

    private static Task<IResult> InviteAsync(
        Body<NewMember> body, PathTenant tenant, ApiCaller caller, HttpContext http, ApiWrites writes, IConfiguration configuration, CancellationToken cancellationToken) =>
        writes.InWalletAsync(http, tenant.Id, async wallet =>
        {
            if (MemberRoles.Find(body.Value.Role) is not { } role) return UnknownRole;
            var invited = await Members.InviteAsync(wallet, caller.Role, body.Value.Email, role, SiteOf(http, configuration), cancellationToken);
            return invited.Map(member => Answer.Created($"/v1/tenants/{tenant.Key}/members/{member.PublicId}", MemberDocument.Of(member)));
        });

    private static Task<IResult> ChangeAsync(
        string member, Body<MemberPatch> body, PathTenant tenant, ApiCaller caller, HttpContext http, ApiWrites writes, CancellationToken cancellationToken) =>
        writes.InWalletAsync(http, tenant.Id, async wallet =>
        {
            if (!TryParse(member, tenant, out var id)) return UnknownMember;
            if (MemberRoles.Find(body.Value.Role) is not { } role) return UnknownRole;
            return (await Members.ChangeRoleAsync(wallet, caller.Role, id, role, cancellationToken)).Map(changed => Answer.Ok(MemberDocument.Of(changed)));
        });

    private static Task<IResult> RemoveAsync(
        string member, PathTenant tenant, ApiCaller caller, HttpContext http, ApiWrites writes, CancellationToken cancellationToken) =>
        writes.InWalletAsync(http, tenant.Id, async wallet =>
            TryParse(member, tenant, out var id)
                ? (await Members.RemoveAsync(wallet, caller.Role, id, cancellationToken)).Map(_ => Answer.Nothing())
                : UnknownMember);

    private static bool TryParse(string text, PathTenant tenant, out Guid id) =>
        PublicId.TryParse(PublicId.Member, text, out var tenantId, out id) && tenantId == tenant.Id;

    private static Problem UnknownMember => Problem.NotFound("unknown_member", "There is no such member.");

    private static Problem UnknownRole => Problem.Field("role", "invalid_role", "The role is owner, admin, billing or member.");

    // Behind a proxy the address that people know is a setting.
    private static Uri SiteOf(HttpContext http, IConfiguration configuration) =>
        Uri.TryCreate(configuration["Portal:PublicUrl"], UriKind.Absolute, out var site) ? site : new Uri($"{http.Request.Scheme}://{http.Request.Host}");
}

/// <summary>Somebody to invite.</summary>
/// <param name="Email">A mail address.</param>
/// <param name="Role">`owner`, `admin`, `billing` or `member`.</param>
public sealed record NewMember(string Email, string Role);

/// <summary>What of a member changes.</summary>
/// <param name="Role">`owner`, `admin`, `billing` or `member`.</param>
public sealed record MemberPatch(string Role);

/// <summary>A member as the API shows it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Email">The address.</param>
/// <param name="Role">`owner`, `admin`, `billing` or `member`.</param>
/// <param name="Status">`invited` or `joined`.</param>
/// <param name="InvitedAt">When invited, last.</param>
/// <param name="JoinedAt">When the invitation was accepted.</param>
public sealed record MemberDocument(string Id, string Email, string Role, string Status, DateTimeOffset InvitedAt, DateTimeOffset? JoinedAt)
{
    /// <summary>The document of a member.</summary>
    public static MemberDocument Of(Member member)
    {
        ArgumentNullException.ThrowIfNull(member);
        return new(member.PublicId, member.Email, member.Role.Text(), member.HasJoined ? "joined" : "invited", member.InvitedAt, member.JoinedAt);
    }
}
