using Portal.Domain.Kernel;
using Portal.Domain.Tenants;
using Portal.Domain.Wallet;
using Portal.Web.Api.Http;

namespace Portal.Web.Api;

/// <summary>Credits that move between pools.</summary>
public static class TransfersApi
{
    /// <summary>Maps the endpoints.</summary>
    public static void Map(RouteGroupBuilder tenant)
    {
        var transfers = tenant.MapGroup("/transfers").WithTags("Credits");
        transfers.MapPost("", MoveAsync).RequireScope(Scope.Manage).Answers<TransferDocument>(201).Says(
            "Move credits between pools",
            "Takes the source's grants in burn order. Each part becomes a grant of the target on the same terms and at its share of the value; no money moves. What the source owes and what its open holds need stays.",
            """{"from":"shared","to":"team-a","credits":"500"}""");
    }

    private static Task<IResult> MoveAsync(Body<NewTransfer> body, PathTenant tenant, HttpContext http, ApiWrites writes, CancellationToken cancellationToken) =>
        writes.InWalletAsync(http, tenant.Id, async wallet =>
        {
            var moved = await PoolTransfers.MoveAsync(wallet, body.Value.From, body.Value.To, body.Value.Credits, cancellationToken);
            return moved.Map(transfer => new Answer(StatusCodes.Status201Created, TransferDocument.Of(tenant.Id, transfer)));
        });
}

/// <summary>Credits to move.</summary>
/// <param name="From">Key of the pool that gives them.</param>
/// <param name="To">Key of the pool that gets them.</param>
/// <param name="Credits">Above 0, at most nine decimal places, and no more than the source has available.</param>
public sealed record NewTransfer(string From, string To, decimal Credits);

/// <summary>A transfer as the API shows it.</summary>
/// <param name="Id">The ledger transaction that booked it.</param>
/// <param name="From">Key of the pool that gave.</param>
/// <param name="To">Key of the pool that got.</param>
/// <param name="Credits">How many.</param>
/// <param name="Grants">The grants made in the target. One that settled a debt at once has less remaining.</param>
public sealed record TransferDocument(string Id, string From, string To, decimal Credits, IReadOnlyList<GrantDocument> Grants)
{
    /// <summary>The document of a transfer.</summary>
    public static TransferDocument Of(long tenantId, Transfer transfer)
    {
        ArgumentNullException.ThrowIfNull(transfer);
        return new(
            PublicId.Format(PublicId.Transaction, tenantId, transfer.TransactionId), transfer.From.Key, transfer.To.Key, transfer.Credits,
            [.. transfer.Grants.Select(grant => GrantDocument.Of(grant, transfer.To.Key))]);
    }
}
