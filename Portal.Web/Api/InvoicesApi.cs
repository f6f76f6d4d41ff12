using Portal.Domain.Data;
using Portal.Domain.Invoicing;
using Portal.Domain.Invoicing.Corrections;
using Portal.Domain.Invoicing.Pdf;
using Portal.Domain.Kernel;
using Portal.Domain.Payments.Charges;
using Portal.Domain.Tenants;
using Portal.Domain.Wallet;
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
        invoices.MapPost("/{invoice}/void", VoidAsync).PlatformOnly().Answers<InvoiceDocument>().Says(
            "Void an invoice", "Only an open one on which nothing was paid. What is left of its credits is taken back and fees are no longer earned; it keeps its number.",
            """{"reason":"Billed to the wrong company"}""");
        invoices.MapPost("/{invoice}/write-off", WriteOffAsync).PlatformOnly().Answers<InvoiceDocument>().Says(
            "Write an invoice off", "What is due becomes bad debt. Money that arrives later brings it back first. 30 days after the last retry it happens by itself.",
            """{"reason":"Insolvent"}""");
        invoices.MapPost("/{invoice}/credit-notes", CreditAsync).PlatformOnly().Answers<CreditNoteDocument>(201).Says(
            "Issue a credit note",
            "Of all that is left of the invoice, of an `amount` (tax included) spread over its lines, or of `lines` (amounts without tax; lines are numbered from 1). It lowers what is due; "
            + "of what was paid already it becomes the customer's credit.",
            """{"reason":"Service was down on 3 March","amount":"25.00"}""");
        invoices.MapGet("/{invoice}/receipt.pdf", GetReceiptAsync).RequireScope(Scope.Read).Produces(200, contentType: "application/pdf").Says(
            "Get the receipt of an invoice", "That and how it was paid, also in part. 404 while nothing was.");
        invoices.MapGet("/{invoice}/credit-notes/{note}", GetNoteAsync).RequireScope(Scope.Read).Answers<CreditNoteDocument>().Says(
            "Get a credit note", "By id or number; with `.pdf` after either, the document to file.");
    }

    private static Task<IResult> VoidAsync(string invoice, Body<InvoiceReason> body, PathTenant tenant, HttpContext http, ApiWrites writes, CancellationToken cancellationToken) =>
        CorrectAsync(invoice, "invoice.voided", body.Value.Reason, tenant, http, writes, Voiding.RunAsync, cancellationToken);

    private static Task<IResult> WriteOffAsync(string invoice, Body<InvoiceReason> body, PathTenant tenant, HttpContext http, ApiWrites writes, CancellationToken cancellationToken) =>
        CorrectAsync(invoice, "invoice.written_off", body.Value.Reason, tenant, http, writes, WriteOffs.RunAsync, cancellationToken);

    private static Task<IResult> CorrectAsync(
        string name, string action, string reason, PathTenant tenant, HttpContext http, ApiWrites writes,
        Func<WalletTransaction, string, string, CancellationToken, Task<Result<Invoice>>> correct, CancellationToken cancellationToken) =>
        writes.InWalletAsync(http, tenant.Id, async wallet =>
        {
            var corrected = await correct(wallet, name, reason, cancellationToken);
            if (corrected.Succeeded)
                await Audit.WriteAsync(wallet.Connection, wallet.TenantId, wallet.Now, wallet.Actor, action, corrected.Value.Number, new { reason }, cancellationToken);
            return corrected.Map(invoice => Answer.Ok(InvoiceDocument.Of(invoice, tenant.Key)));
        });

    private static Task<IResult> CreditAsync(
        string invoice, Body<CreditNoteOrder> body, PathTenant tenant, HttpContext http, ApiWrites writes, CreditNotes notes, CancellationToken cancellationToken) =>
        writes.InWalletAsync(http, tenant.Id, async wallet =>
        {
            var issued = await notes.IssueAsync(wallet, invoice, body.Value, cancellationToken);
            if (issued.Succeeded)
                await Audit.WriteAsync(wallet.Connection, wallet.TenantId, wallet.Now, wallet.Actor, "credit_note.issued", issued.Value.Number, new { invoice, body.Value.Reason }, cancellationToken);
            return issued.Map(note =>
                Answer.Created($"/v1/tenants/{tenant.Key}/invoices/{invoice}/credit-notes/{note.PublicId}", CreditNoteDocument.Of(note, invoice, tenant.Key)));
        });

    private static Task<IResult> GetReceiptAsync(string invoice, PathTenant tenant, TenantReads reads, CancellationToken cancellationToken) =>
        reads.RunAsync(tenant.Id, async Task<IResult> (read) =>
        {
            var found = await InvoiceQuery.FindAsync(read.Connection, tenant.Id, invoice, read.Zone, cancellationToken);
            if (found is null) return new ProblemAnswer(Problem.NotFound("unknown_invoice", "There is no such invoice."));
            return ReceiptPdf.Of(found, read.Zone) is { } pdf
                ? Results.File(pdf, "application/pdf", $"receipt-{found.Number}.pdf")
                : new ProblemAnswer(Problem.NotFound("nothing_paid", "Nothing was paid on the invoice yet."));
        }, cancellationToken);

    private static Task<IResult> GetNoteAsync(string invoice, string note, PathTenant tenant, TenantReads reads, CancellationToken cancellationToken)
    {
        var pdf = note.EndsWith(PdfSuffix, StringComparison.Ordinal);
        var name = pdf ? note[..^PdfSuffix.Length] : note;
        return reads.RunAsync(tenant.Id, async Task<IResult> (read) =>
        {
            var found = await InvoiceQuery.FindAsync(read.Connection, tenant.Id, invoice, read.Zone, cancellationToken);
            var credited = found?.CreditNotes.FirstOrDefault(one => one.PublicId == name || one.Number == name);
            if (credited is null) return new ProblemAnswer(Problem.NotFound("unknown_credit_note", "There is no such credit note."));
            return pdf
                ? Results.File(CreditNotePdf.Of(found!, credited, read.Zone), "application/pdf", $"{credited.Number}.pdf")
                : Answer.Ok(CreditNoteDocument.Of(credited, found!.PublicId, tenant.Key));
        }, cancellationToken);
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
