using Portal.Domain.Data;
using Portal.Domain.Invoicing;
using Portal.Domain.Kernel;
using Portal.Domain.Payments;
using Portal.Domain.Tenants;
using Portal.Web.Api.Http;

namespace Portal.Web.Api;

/// <summary>Money that providers moved for a tenant.</summary>
public static class PaymentsApi
{
    /// <summary>Maps the endpoints.</summary>
    public static void Map(RouteGroupBuilder tenant)
    {
        var payments = tenant.MapGroup("/payments").WithTags("Money");
        payments.MapGet("", ListAsync).RequireScope(Scope.Read).Answers<Listing<PaymentDocument>>().Says(
            "List payments", "Newest first, each as its provider last told it; the amounts are cumulative.");
        payments.MapPost("", RecordAsync).PlatformOnly().Answers<PaymentDocument>(201).Says(
            "Record a bank transfer", "It pays `invoice` as far as that is due; the rest, or all without an invoice, is the customer's credit. One reference is recorded once.",
            """{"amount":"29.00","reference":"2030-01-31 Acme 4711","invoice":"INV-000042"}""");
    }

    private static Task<IResult> RecordAsync(Body<NewBankTransfer> body, PathTenant tenant, HttpContext http, ApiWrites writes, CancellationToken cancellationToken) =>
        writes.InWalletAsync(http, tenant.Id, async wallet =>
        {
            var invoice = body.Value.Invoice is { } name ? await InvoiceQuery.FindAsync(wallet.Connection, tenant.Id, name, wallet.Directory.Zone, cancellationToken) : null;
            if (body.Value.Invoice is not null && invoice is null) return Problem.Field("invoice", "unknown_invoice", "There is no such invoice.");
            var recorded = await BankTransfer.RecordAsync(wallet, new BankTransfer(body.Value.Amount, body.Value.Reference, invoice?.Id), cancellationToken);
            if (recorded.Problem is { } problem) return problem;
            var document = PaymentDocument.Of(recorded.Value);
            await Audit.WriteAsync(
                wallet.Connection, wallet.TenantId, wallet.Now, wallet.Actor, "payment.recorded", document.Id, new { body.Value.Amount, invoice?.Number }, cancellationToken);
            return new Answer(StatusCodes.Status201Created, document);
        });

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

/// <summary>A bank transfer to record.</summary>
/// <param name="Amount">Above 0, in whole minor units of the tenant's currency.</param>
/// <param name="Reference">What the bank calls it.</param>
/// <param name="Invoice">Id or number of the invoice that it pays; null: it is the customer's credit.</param>
public sealed record NewBankTransfer(decimal Amount, string Reference, string? Invoice = null);

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
