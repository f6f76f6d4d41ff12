using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Payments.GivenBack;
using Portal.Domain.Tenants;
using Portal.Web.Api.Http;

namespace Portal.Web.Api;

/// <summary>Money given back for unspent credits.</summary>
public static class RefundsApi
{
    /// <summary>Maps the endpoints.</summary>
    public static void Map(RouteGroupBuilder tenant)
    {
        var refunds = tenant.MapGroup("/refunds").WithTags("Money");
        refunds.MapGet("", ListAsync).RequireScope(Scope.Read).Answers<Listing<RefundDocument>>().Says("List refunds", "Newest first.");
        refunds.MapPost("", AskAsync).PlatformOnly().Answers<RefundDocument>(201).Says(
            "Refund unspent credits",
            "Name a payment, or a grant that was sold or what became of it; then `credits`, or an `amount` with tax, or neither for all that is unspent, "
            + "not held, and left of the payment. The credits are taken at once; the refund is `pending` until the provider said how it ended. "
            + "Credits sold outside are given back outside: `succeeded` at once.",
            """{"payment":"pay_1_0199…","amount":"4.00","reason":"Ordered twice"}""");
    }

    private static async Task<IResult> ListAsync([AsParameters] PageQuery query, PathTenant tenant, TenantReads reads, CancellationToken cancellationToken)
    {
        var page = query.Read();
        if (page.Problem is { } problem) return new ProblemAnswer(problem);
        var after = page.Value.AfterId();
        if (after.Problem is { } invalid) return new ProblemAnswer(invalid);
        var refunds = await reads.RunAsync(tenant.Id, read => Refunds.ListAsync(read, after.Value, page.Value.Fetch, cancellationToken), cancellationToken);
        return page.Value.Answer(refunds, refund => refund.Id.ToString("N"), RefundDocument.Of);
    }

    // The provider is called once this is committed: no lock waits for a network, and the answer is the one that repeats get.
    private static async Task<IResult> AskAsync(
        Body<NewRefund> body, PathTenant tenant, HttpContext http, ApiWrites writes, RefundSender sender, CancellationToken cancellationToken)
    {
        var answer = await writes.InWalletAsync(http, tenant.Id, async wallet =>
        {
            var asked = await Refunds.AskAsync(wallet, body.Value.ToOrder(), cancellationToken);
            if (asked.Problem is { } problem) return problem;
            var document = RefundDocument.Of(asked.Value);
            await Audit.WriteAsync(
                wallet.Connection, wallet.TenantId, wallet.Now, wallet.Actor, "refund.asked", document.Id,
                new { document.Payment, document.Grant, document.Credits, document.Amount, document.Currency }, cancellationToken);
            return new Answer(StatusCodes.Status201Created, document);
        });
        sender.Wake();
        return answer;
    }
}

/// <summary>A refund to make.</summary>
/// <param name="Reason">Why: 1 to 500 characters.</param>
/// <param name="Payment">Id of the payment; or</param>
/// <param name="Grant">id of a grant.</param>
/// <param name="Credits">Credits to take back, at most nine decimal places; or</param>
/// <param name="Amount">money to give back, tax included, in whole minor units.</param>
public sealed record NewRefund(string Reason, string? Payment = null, string? Grant = null, decimal? Credits = null, decimal? Amount = null)
{
    internal RefundOrder ToOrder() => new(Payment, Grant, Credits, Amount, Reason);
}

/// <summary>A refund as the API shows it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Status">`pending`, `succeeded` or `failed`.</param>
/// <param name="Payment">The payment that it is a part of; null for what was sold outside.</param>
/// <param name="Grant">The grant that was sold; null when the money bought none.</param>
/// <param name="Origin">`asked`, or `provider`: given back there without being asked for here.</param>
/// <param name="Credits">Credits taken back.</param>
/// <param name="Amount">Money given back, tax included.</param>
/// <param name="Net">Without tax.</param>
/// <param name="Tax">Tax on it.</param>
/// <param name="Unexplained">Given back by the provider, though no credits were left for it.</param>
/// <param name="Currency">Currency of the amounts.</param>
/// <param name="Reason">Why.</param>
/// <param name="Failure">The provider's code for a refusal.</param>
/// <param name="CreatedAt">When it was booked.</param>
/// <param name="SettledAt">When its outcome was known.</param>
public sealed record RefundDocument(
    string Id, string Status, string? Payment, string? Grant, string Origin, decimal Credits, decimal Amount, decimal Net, decimal Tax, decimal Unexplained,
    string Currency, string? Reason, string? Failure, DateTimeOffset CreatedAt, DateTimeOffset? SettledAt)
{
    /// <summary>The document of a refund.</summary>
    public static RefundDocument Of(Refund refund)
    {
        ArgumentNullException.ThrowIfNull(refund);
        return new(
            refund.PublicId, refund.State, refund.PaymentId is { } payment ? PublicId.Format(PublicId.Payment, refund.TenantId, payment) : null,
            refund.GrantId is { } grant ? PublicId.Format(PublicId.Grant, refund.TenantId, grant) : null, refund.Origin, refund.Credits, refund.Amount,
            refund.Net, refund.Tax, refund.Suspense, refund.Currency, refund.Reason, refund.Failure, refund.CreatedAt, refund.SettledAt);
    }
}
