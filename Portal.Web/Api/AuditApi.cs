using System.Text.Json;
using Npgsql;
using Portal.Domain.Tenants;
using Portal.Web.Api.Http;

namespace Portal.Web.Api;

/// <summary>Who did what.</summary>
public static class AuditApi
{
    /// <summary>Maps the endpoints.</summary>
    public static void Map(RouteGroupBuilder v1, RouteGroupBuilder tenant)
    {
        tenant.MapGet("/audit", ListAsync).WithTags("Audit").RequireScope(Scope.Read).Answers<Listing<AuditDocument>>()
            .Says("List what was done in a tenant", "Newest first.");
        v1.MapGet("/audit", ListPlatformAsync).WithTags("Audit").PlatformOnly().Answers<Listing<AuditDocument>>()
            .Says("List what was done on the platform", "Newest first.");
    }

    private static Task<IResult> ListAsync([AsParameters] PageQuery query, PathTenant tenant, NpgsqlDataSource source, CancellationToken cancellationToken) =>
        PageAsync(query, tenant.Id, source, cancellationToken);

    private static Task<IResult> ListPlatformAsync([AsParameters] PageQuery query, NpgsqlDataSource source, CancellationToken cancellationToken) =>
        PageAsync(query, 0, source, cancellationToken);

    private static async Task<IResult> PageAsync(PageQuery query, long tenantId, NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        var page = query.Read();
        if (page.Problem is { } problem) return new ProblemAnswer(problem);
        var after = page.Value.AfterId();
        if (after.Problem is { } invalid) return new ProblemAnswer(invalid);
        var entries = await Audit.ListAsync(source, tenantId, page.Value.Fetch, after.Value, cancellationToken);
        return page.Value.Answer(entries, entry => entry.Id.ToString("N"), AuditDocument.Of);
    }
}

/// <summary>An entry of the audit.</summary>
/// <param name="At">When.</param>
/// <param name="Actor">Who.</param>
/// <param name="Action">What was done.</param>
/// <param name="Subject">To which thing.</param>
/// <param name="Detail">What else there is to say.</param>
public sealed record AuditDocument(DateTimeOffset At, string Actor, string Action, string? Subject, JsonElement? Detail)
{
    /// <summary>The document of an entry.</summary>
    public static AuditDocument Of(AuditEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        return new(entry.At, entry.Actor, entry.Action, entry.Subject, entry.Detail is null ? null : JsonElement.Parse(entry.Detail));
    }
}
