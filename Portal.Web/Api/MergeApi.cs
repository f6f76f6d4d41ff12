using Portal.Domain.Kernel;
using Portal.Domain.Tenants;
using Portal.Web.Api.Http;

namespace Portal.Web.Api;

/// <summary>Two tenants that become one.</summary>
public static class MergeApi
{
    /// <summary>Maps the endpoint.</summary>
    public static void Map(RouteGroupBuilder tenant) =>
        tenant.MapPost("/merge", MergeAsync).WithTags("Tenants").PlatformOnly().Answers<MergeDocument>(201).Says(
            "Merge a tenant's credits into another tenant",
            "Moves all that is left, grants to come too, to the other tenant on the same terms: to its pool of the same key, or else its shared pool. Refused while the tenant has a subscription, open holds, debt or pending refunds. Usage, payments and members stay where they are; refund first what is to be refunded. The credits arrive at once, or, should that be interrupted, within a minute.",
            """{"into":"acme-group","reason":"One account for both companies"}""");

    private static async Task<IResult> MergeAsync(
        Body<NewMerge> body, PathTenant tenant, HttpContext http, ApiWrites writes, TenantMoves moves, CancellationToken cancellationToken)
    {
        var answer = await writes.InWalletAsync(http, tenant.Id, async wallet =>
        {
            var left = await TenantMerge.LeaveAsync(wallet, body.Value.Into, body.Value.Reason, cancellationToken);
            return left.Map(move => new Answer(StatusCodes.Status201Created, MergeDocument.Of(tenant.Id, move)));
        });
        if (answer is not ProblemAnswer) await moves.FinishAsync(tenant.Id, cancellationToken);
        return answer;
    }
}

/// <summary>A tenant to merge into another.</summary>
/// <param name="Into">Key or id of the tenant that gets the credits.</param>
/// <param name="Reason">A sentence for people, at most 200 characters.</param>
public sealed record NewMerge(string Into, string? Reason = null);

/// <summary>A merge as the API shows it.</summary>
/// <param name="Merged">What moved.</param>
/// <param name="Into">Key of the tenant that has it now.</param>
/// <param name="Transaction">The ledger transaction that took it out of the tenant; the other's refers to it.</param>
public sealed record MergeDocument(MergedCredits Merged, string Into, string Transaction)
{
    /// <summary>The document of a merge.</summary>
    public static MergeDocument Of(long tenantId, TenantMove move)
    {
        ArgumentNullException.ThrowIfNull(move);
        return new(
            new MergedCredits(move.Credits, move.Value, move.Currency, move.Grants), move.Into.Key,
            PublicId.Format(PublicId.Transaction, tenantId, move.TransactionId));
    }
}

/// <summary>Credits that moved.</summary>
/// <param name="Credits">How many.</param>
/// <param name="Value">Money that they stand for.</param>
/// <param name="Currency">Currency of the value.</param>
/// <param name="Grants">In how many grants.</param>
public sealed record MergedCredits(decimal Credits, decimal Value, string Currency, int Grants);
