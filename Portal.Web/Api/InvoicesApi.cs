using Portal.Domain.Data;
using Portal.Domain.Invoicing;
using Portal.Domain.Invoicing.Pdf;
using Portal.Domain.Kernel;
using Portal.Domain.Payments.Charges;
using Portal.Domain.Tenants;
using Portal.Web.Api.Http;

namespace Portal.Web.Api;

/// <summary>A tenant's invoices.</summary>
public static class InvoicesApi
{
    private const string PdfSuffix = ".pdf";

    /// <summary>Maps the endpoints.</summary>
    public static void Map(RouteGroupBuilder tenant)
    {
        var invoices = tenant.MapGroup("/invoices").WithTags("Invoices");
        invoices.MapGet("", ListAsync).RequireScope(Scope.Read).Answers<Listing<InvoiceDocument>>().Says(
            "List invoices", "Newest first, without their lines. `status` filters; drafts are listed only when it says `draft`.");
        invoices.MapGet("/upcoming", UpcomingAsync).RequireScope(Scope.Read).Answers<InvoiceDocument>().Says(
            "Preview the coming invoice", "What has been charged and is on no invoice yet, and the fees of the next period, as things stand. 404 when nothing is to come.");
        invoices.MapGet("/{invoice}", GetAsync).RequireScope(Scope.Read).Answers<InvoiceDocument>().Says(
            "Get an invoice", "By id or number; with `.pdf` after either, the document to file. A draft says what it would come to now.");
        invoices.MapPost("/{invoice}/pay", PayAsync).RequireScope(Scope.Manage).Answers<InvoiceDocument>().Says(
            "Pay an invoice now", "Charges the default payment method, or `method`. 402 when it is refused; 202 while nobody knows yet.", """{"method":null}""");
    }

    private static async Task<IResult> ListAsync([AsParameters] PageQuery query, string? status, PathTenant tenant, TenantReads reads, CancellationToken cancellationToken)
    {
        var page = query.Read();
        if (page.Problem is { } problem) return new ProblemAnswer(problem);
        var after = page.Value.AfterId();
        if (after.Problem is { } invalid) return new ProblemAnswer(invalid);
        if (status is not (null or InvoiceState.Draft or InvoiceState.Open or InvoiceState.Paid or InvoiceState.Void or InvoiceState.Uncollectible))
            return new ProblemAnswer(Problem.Field("status", "invalid_status", "The status is draft, open, paid, void or uncollectible."));
        var found = await reads.RunAsync(
            tenant.Id, read => InvoiceQuery.ListAsync(read.Connection, tenant.Id, status, page.Value.Fetch, after.Value, cancellationToken), cancellationToken);
        return page.Value.Answer(found, invoice => invoice.Id.ToString("N"), invoice => InvoiceDocument.Of(invoice, tenant.Key));
    }

    private static async Task<IResult> UpcomingAsync(PathTenant tenant, TenantReads reads, CancellationToken cancellationToken) =>
        await reads.RunAsync(tenant.Id, read => InvoiceQuery.UpcomingAsync(read, cancellationToken), cancellationToken) is { } invoice
            ? Answer.Ok(InvoiceDocument.Of(invoice, tenant.Key))
            : new ProblemAnswer(Problem.NotFound("nothing_upcoming", "Nothing is to be invoiced."));

    private static async Task<IResult> PayAsync(
        string invoice, Body<InvoicePayment> body, PathTenant tenant, TenantReads reads, OffSession charges, HttpContext http, CancellationToken cancellationToken)
    {
        Guid? method = null;
        if (body.Value.Method is { } named)
        {
            if (!PublicId.TryParse(PublicId.PaymentMethod, named, out var owner, out var id) || owner != tenant.Id)
                return new ProblemAnswer(Problem.Field("method", "unknown_payment_method", "There is no such payment method."));
            method = id;
        }

        Task<Invoice?> ReadAsync() => reads.RunAsync(tenant.Id, read => InvoiceQuery.FindAsync(read.Connection, tenant.Id, invoice, read.Zone, cancellationToken), cancellationToken);
        if (await ReadAsync() is not { } found) return new ProblemAnswer(Problem.NotFound("unknown_invoice", "There is no such invoice."));
        if (found.State != InvoiceState.Open) return new ProblemAnswer(Problem.Conflict("invoice_not_open", "The invoice is not open: nothing is to be paid on it."));
        var charged = await charges.ChargeAsync(InvoicePayments.ChargeOf(found, http.Caller().Actor, method), cancellationToken);
        if (charged.Problem is { } problem) return new ProblemAnswer(problem);
        var document = InvoiceDocument.Of((await ReadAsync())!, tenant.Key);
        return charged.Value.Standing switch
        {
            ChargeStanding.Paid => Answer.Ok(document),
            ChargeStanding.Declined => new ProblemAnswer(new Problem(
                ProblemKind.PaymentRequired, charged.Value.Attempt.Failure ?? "card_declined", "The payment was refused. Nothing was charged; try another payment method.")),
            _ => new Answer(StatusCodes.Status202Accepted, document),
        };
    }

    private static Task<IResult> GetAsync(string invoice, PathTenant tenant, TenantReads reads, CancellationToken cancellationToken)
    {
        var pdf = invoice.EndsWith(PdfSuffix, StringComparison.Ordinal);
        var name = pdf ? invoice[..^PdfSuffix.Length] : invoice;
        return reads.RunAsync(tenant.Id, async Task<IResult> (read) =>
        {
            var found = await InvoiceQuery.FindAsync(read.Connection, tenant.Id, name, read.Zone, cancellationToken);
            if (found is null) return new ProblemAnswer(Problem.NotFound("unknown_invoice", "There is no such invoice."));
            return pdf
                ? Results.File(InvoicePdf.Of(found, read.Zone), "application/pdf", $"{found.Number ?? "draft"}.pdf")
                : Answer.Ok(InvoiceDocument.Of(found, tenant.Key));
        }, cancellationToken);
    }
}

/// <summary>How to pay an invoice.</summary>
/// <param name="Method">Id of a saved payment method; default the tenant's default.</param>
public sealed record InvoicePayment(string? Method = null);

/// <summary>An invoice as the API shows it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Number">Of its legal entity's series, without gaps; null of a draft.</param>
/// <param name="Status">`draft`, `open`, `paid`, `void` or `uncollectible`.</param>
/// <param name="Currency">ISO 4217.</param>
/// <param name="IssuedAt">When it was finalised; null of a draft.</param>
/// <param name="DueAt">When it is to be paid; null of a draft.</param>
/// <param name="Period">What it covers.</param>
/// <param name="Subtotal">Sum of the lines.</param>
/// <param name="Discount">Sum of the discounts.</param>
/// <param name="Tax">Sum of the taxes.</param>
/// <param name="Total">What is to be paid, never below 0.</param>
/// <param name="Paid">Paid by payments and by the customer's credit.</param>
/// <param name="AmountDue">What is left to pay.</param>
/// <param name="PoNumber">The customer's purchase order.</param>
/// <param name="Taxes">Taxes by rate.</param>
/// <param name="Lines">Its lines; empty in lists.</param>
/// <param name="CreditNotes">Credit notes on it.</param>
/// <param name="PdfUrl">Where its document is.</param>
public sealed record InvoiceDocument(
    string Id, string? Number, string Status, string Currency, DateTimeOffset? IssuedAt, DateTimeOffset? DueAt, InvoicePeriodDocument Period, decimal Subtotal, decimal Discount,
    decimal Tax, decimal Total, decimal Paid, decimal AmountDue, string? PoNumber, IReadOnlyList<InvoiceTax> Taxes, IReadOnlyList<InvoiceLineDocument> Lines,
    IReadOnlyList<object> CreditNotes, string PdfUrl)
{
    /// <summary>The document of an invoice.</summary>
    public static InvoiceDocument Of(Invoice invoice, string tenant)
    {
        ArgumentNullException.ThrowIfNull(invoice);
        return new(
            invoice.PublicId, invoice.Number, invoice.State, invoice.Currency, invoice.IssuedAt, invoice.DueAt, new(invoice.StartsAt, invoice.EndsAt), invoice.Subtotal,
            invoice.Discount, invoice.Tax, invoice.Total, invoice.Paid, invoice.AmountDue, invoice.PoNumber, invoice.Taxes,
            [.. invoice.Lines.Select(line => new InvoiceLineDocument(
                line.Item, line.Kind, line.Description, line.Quantity, line.UnitAmount, line.Amount, line.Discount, line.Tax, line.TaxPercent, new(line.StartsAt, line.EndsAt)))],
            [], $"/v1/tenants/{tenant}/invoices/{invoice.PublicId}.pdf");
    }
}

/// <summary>A period of an invoice or a line.</summary>
/// <param name="Start">Its begin.</param>
/// <param name="End">Its end, which is outside.</param>
public sealed record InvoicePeriodDocument(DateTimeOffset Start, DateTimeOffset End);

/// <summary>A line of an invoice as the API shows it.</summary>
/// <param name="Item">Key of the plan's item; of usage its meter and match.</param>
/// <param name="Kind">`flat`, `seat`, `proration`, `included_credits`, `usage`, `overage`, `late_usage`, `minimum`, `true_up`, `commit`, `pack`, `discount`, `credit` or `customer_credit`.</param>
/// <param name="Description">For people.</param>
/// <param name="Quantity">How much.</param>
/// <param name="UnitAmount">Price of one; null where prices differ within it.</param>
/// <param name="Amount">Net before discounts, in whole minor units.</param>
/// <param name="Discount">Taken off it.</param>
/// <param name="Tax">On what is left.</param>
/// <param name="TaxPercent">Its rate.</param>
/// <param name="Period">What it is for.</param>
public sealed record InvoiceLineDocument(
    string Item, string Kind, string Description, decimal Quantity, decimal? UnitAmount, decimal Amount, decimal Discount, decimal Tax, decimal TaxPercent,
    InvoicePeriodDocument Period);
