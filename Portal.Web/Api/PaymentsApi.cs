using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Payments;
using Portal.Domain.Tenants;
using Portal.Web.Api.Http;

namespace Portal.Web.Api;

/// <summary>Money that providers moved for a tenant.</summary>
public static class PaymentsApi
{
    /// <summary>Maps the endpoints.</summary>
    public static void Map(RouteGroupBuilder tenant) =>
        tenant.MapGroup("/payments").WithTags("Money").MapGet("", ListAsync).RequireScope(Scope.Read).Answers<Listing<PaymentDocument>>()
            .Says("List payments", "Newest first, each as its provider last told it; the amounts are cumulative.");

    private static async Task<IResult> ListAsync([AsParameters] PageQuery query, PathTenant tenant, TenantReads reads, CancellationToken cancellationToken)
    {
        var page = query.Read();
        if (page.Problem is { } problem) return new ProblemAnswer(problem);
        var after = page.Value.AfterId();
        if (after.Problem is { } invalid) return new ProblemAnswer(invalid);
        var payments = await reads.RunAsync(tenant.Id, read => PaymentQuery.ListAsync(read, after.Value, page.Value.Fetch, cancellationToken), cancellationToken);
        return page.Value.Answer(payments, payment => payment.Id.ToString("N"), PaymentDocument.Of);
    }
}

/// <summary>A payment as the API shows it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Provider">Who moved the money.</param>
/// <param name="ProviderPayment">The provider's id of it.</param>
/// <param name="Checkout">The purchase that it was made for.</param>
/// <param name="Currency">Currency of the amounts.</param>
/// <param name="Captured">Taken from the customer, in all.</param>
/// <param name="Refunded">Given back, in all.</param>
/// <param name="Disputed">Taken back by disputes, in all.</param>
/// <param name="Reinstated">Of that, what came back with disputes that were won.</param>
/// <param name="ReceivedAt">When it was first heard of.</param>
public sealed record PaymentDocument(
    string Id, string Provider, string ProviderPayment, string? Checkout, string Currency, decimal Captured, decimal Refunded, decimal Disputed,
    decimal Reinstated, DateTimeOffset ReceivedAt)
{
    /// <summary>The document of a payment.</summary>
    public static PaymentDocument Of(Payment payment)
    {
        ArgumentNullException.ThrowIfNull(payment);
        return new(
            payment.PublicId, payment.Provider, payment.ProviderPayment,
            payment.CheckoutId is { } checkout ? PublicId.Format(PublicId.Checkout, payment.TenantId, checkout) : null, payment.Currency, payment.Captured,
            payment.Refunded, payment.Disputed, payment.Reinstated, payment.ReceivedAt);
    }
}
