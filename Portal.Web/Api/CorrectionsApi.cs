using System.Text.Json;
using Portal.Domain.Kernel;
using Portal.Domain.Metering.Corrections;
using Portal.Domain.Tenants;
using Portal.Domain.Wallet;
using Portal.Web.Api.Http;

namespace Portal.Web.Api;

/// <summary>Corrections of usage: void and amend.</summary>
public static class CorrectionsApi
{
    private const string VoidExample = """{"source":"gateway-eu","id":"01J8ZC5V3K","reason":"The answer was cut off."}""";

    private const string AmendExample = """
        {"source":"gateway-eu","id":"01J8ZC5V3K","data":{"model":"gpt-4o","input_tokens":480,"output_tokens":10},"reason":"Counted twice."}
        """;

    private const string About =
        "All that the event drew goes back to where it came from, last first. Its cost stays, since the work was done, unless `happened` is false. The event keeps its identity.";

    /// <summary>Maps the calls by path of the event.</summary>
    public static void Map(IEndpointRouteBuilder v1) =>
        v1.MapPost("/events/{source}/{id}/void", VoidByPathAsync).PlatformOnly().WithTags("Usage").Answers<CorrectionDocument>()
            .Says("Void an event of a tenant", About, """{"tenant":"acme","reason":"The answer was cut off."}""");

    /// <summary>Maps the calls of a tenant.</summary>
    public static void MapTenant(RouteGroupBuilder tenant)
    {
        var events = tenant.MapGroup("/events").WithTags("Usage");
        events.MapPost("/void", VoidAsync).PlatformOnly().Answers<CorrectionDocument>().Says("Void an event", About, VoidExample);
        events.MapPost("/amend", AmendAsync).PlatformOnly().Answers<CorrectionDocument>().Says(
            "Amend an event", "`data` are all of its data as they should have been; the difference at the prices of its own time goes back, last first, or is drawn.", AmendExample);
    }

    private static async Task<IResult> VoidByPathAsync(
        string source, string id, Body<VoidOfTenant> body, HttpContext http, ApiWrites writes, UsageCorrections corrections, WalletDirectories directories,
        CancellationToken cancellationToken)
    {
        if (await directories.FindTenantAsync(body.Value.Tenant, cancellationToken) is not { } tenantId)
            return new ProblemAnswer(Problem.NotFound("unknown_tenant", $"There is no tenant '{body.Value.Tenant}'."));
        return await writes.InWalletAsync(http, tenantId, async wallet => await AnswerAsync(
            wallet, await corrections.VoidAsync(wallet, source, id, body.Value.Reason, body.Value.Happened ?? true, cancellationToken: cancellationToken), body.Value.Reason, cancellationToken));
    }

    private static Task<IResult> VoidAsync(
        Body<VoidOrder> body, PathTenant tenant, HttpContext http, ApiWrites writes, UsageCorrections corrections, CancellationToken cancellationToken) =>
        writes.InWalletAsync(http, tenant.Id, async wallet => await AnswerAsync(
            wallet, await corrections.VoidAsync(wallet, body.Value.Source, body.Value.Id, body.Value.Reason, body.Value.Happened ?? true, cancellationToken: cancellationToken),
            body.Value.Reason, cancellationToken));

    private static Task<IResult> AmendAsync(
        Body<AmendOrder> body, PathTenant tenant, HttpContext http, ApiWrites writes, UsageCorrections corrections, CancellationToken cancellationToken) =>
        writes.InWalletAsync(http, tenant.Id, async wallet => await AnswerAsync(
            wallet, await corrections.AmendAsync(wallet, body.Value.Source, body.Value.Id, body.Value.Data, body.Value.Reason, cancellationToken),
            body.Value.Reason, cancellationToken));

    private static async Task<Result<Answer>> AnswerAsync(
        WalletTransaction wallet, Result<UsageCorrection> corrected, string reason, CancellationToken cancellationToken)
    {
        if (corrected.Problem is { } problem) return problem;
        var document = CorrectionDocument.Of(wallet.TenantId, corrected.Value);
        await Audit.WriteAsync(
            wallet.Connection, wallet.TenantId, wallet.Now, wallet.Actor, "event." + document.Status, document.Event,
            new { reason, document.Returned, document.Drawn, document.Credits }, cancellationToken);
        return Answer.Ok(document);
    }
}

/// <summary>An event to void.</summary>
/// <param name="Source">Its source.</param>
/// <param name="Id">Its id.</param>
/// <param name="Reason">Why, 1 to 500 characters.</param>
/// <param name="Happened">False: the work was never done, so its cost goes too; default true.</param>
public sealed record VoidOrder(string Source, string Id, string Reason, bool? Happened = null);

/// <summary>An event to void, named by its path.</summary>
/// <param name="Tenant">Key of the tenant.</param>
/// <param name="Reason">Why, 1 to 500 characters.</param>
/// <param name="Happened">False: the work was never done, so its cost goes too; default true.</param>
public sealed record VoidOfTenant(string Tenant, string Reason, bool? Happened = null);

/// <summary>An event to amend.</summary>
/// <param name="Source">Its source.</param>
/// <param name="Id">Its id.</param>
/// <param name="Data">All of its data as they should have been.</param>
/// <param name="Reason">Why, 1 to 500 characters.</param>
public sealed record AmendOrder(string Source, string Id, JsonElement Data, string Reason);

/// <summary>What a correction did.</summary>
/// <param name="Event">Id of the event.</param>
/// <param name="Status">`voided` or `amended`.</param>
/// <param name="Credits">What it draws now.</param>
/// <param name="Revenue">What it earns now.</param>
/// <param name="Returned">Credits taken back.</param>
/// <param name="Drawn">Credits drawn in addition.</param>
/// <param name="Transaction">The ledger transaction of the difference.</param>
public sealed record CorrectionDocument(string Event, string Status, decimal Credits, decimal Revenue, decimal Returned, decimal Drawn, string Transaction)
{
    internal static CorrectionDocument Of(long tenantId, UsageCorrection done) => new(
        PublicId.Format(PublicId.Event, tenantId, done.EventKey), done.Status, done.Credits, done.Revenue, done.Returned, done.Drawn,
        PublicId.Format(PublicId.Transaction, tenantId, done.TransactionId));
}
