using System.ComponentModel;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Ledger;
using Portal.Domain.Tenants;
using Portal.Web.Api.Http;

namespace Portal.Web.Api;

/// <summary>The ledger of a tenant.</summary>
public static class LedgerApi
{
    /// <summary>Maps the endpoint.</summary>
    public static void Map(RouteGroupBuilder tenant) =>
        tenant.MapGet("/ledger", ListAsync).WithTags("Ledger").RequireScope(Scope.Read).Answers<Listing<TransactionDocument>>().Says(
            "List transactions with their entries",
            "Newest first, by when they were posted. Debits are positive; each transaction sums to zero per unit. A tenant's key does not see entries of what the platform pays.");

    private static async Task<IResult> ListAsync(
        [AsParameters] PageQuery query, [AsParameters] PeriodQuery instants,
        [Description("Only transactions with an entry on this account, such as `pool:shared`.")] string? account,
        PathTenant tenant, ApiCaller caller, TenantReads reads, CancellationToken cancellationToken)
    {
        var page = query.Read();
        if (page.Problem is { } problem) return new ProblemAnswer(problem);
        var after = page.Value.AfterId();
        if (after.Problem is { } invalid) return new ProblemAnswer(invalid);
        var period = instants.Read();
        if (period.Problem is { } wrong) return new ProblemAnswer(wrong);
        if (account is not null && !caller.IsPlatform && IsCost(account)) return Answer.Ok(new Listing<TransactionDocument>([], null));
        var found = await reads.RunAsync(
            tenant.Id,
            read => Statement.TransactionsAsync(read, account, period.Value.From, period.Value.To, after.Value, page.Value.Fetch, cancellationToken),
            cancellationToken);
        return page.Value.Answer(found, posted => posted.Id.ToString("N"), posted => TransactionDocument.Of(tenant.Id, posted, withCost: caller.IsPlatform));
    }

    /// <summary>True for the accounts of what the platform itself pays for inference.</summary>
    internal static bool IsCost(string account) =>
        account.StartsWith("cogs:", StringComparison.Ordinal) || account.StartsWith("accrued_cost:", StringComparison.Ordinal);
}

/// <summary>A transaction.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Kind">What happened.</param>
/// <param name="OccurredAt">When it happened.</param>
/// <param name="PostedAt">When the ledger took it.</param>
/// <param name="BookDate">The date on which finance reports count it.</param>
/// <param name="Reference">Public id of the cause.</param>
/// <param name="Reason">A sentence for people.</param>
/// <param name="Actor">Who did it.</param>
/// <param name="Entries">Its entries.</param>
public sealed record TransactionDocument(
    string Id, string Kind, DateTimeOffset OccurredAt, DateTimeOffset PostedAt, DateOnly BookDate, string? Reference, string? Reason, string? Actor,
    IReadOnlyList<EntryDocument> Entries)
{
    /// <summary>The document of a transaction.</summary>
    public static TransactionDocument Of(long tenantId, PostedTransaction posted, bool withCost)
    {
        ArgumentNullException.ThrowIfNull(posted);
        var entries = posted.Entries.Where(entry => withCost || !LedgerApi.IsCost(entry.Account)).Select(entry => new EntryDocument(
            entry.Account, entry.Unit, entry.Amount, entry.GrantId is { } grant ? PublicId.Format(PublicId.Grant, tenantId, grant) : null));
        return new(
            PublicId.Format(PublicId.Transaction, tenantId, posted.Id), posted.Kind, posted.OccurredAt, posted.PostedAt, posted.BookDate, posted.Reference,
            posted.Reason, posted.Actor, entries.ToList());
    }
}

/// <summary>An entry.</summary>
/// <param name="Account">The account.</param>
/// <param name="Unit">`CREDIT` or a currency.</param>
/// <param name="Amount">Debits are positive.</param>
/// <param name="Grant">Id of the grant, on accounts of pools.</param>
public sealed record EntryDocument(string Account, string Unit, decimal Amount, string? Grant);
