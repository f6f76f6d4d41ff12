using System.Globalization;
using System.Net;
using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Invoicing;
using Portal.Domain.Invoicing.Corrections;
using Portal.Domain.Invoicing.Pdf;
using Portal.Domain.Kernel;
using Portal.Domain.Tenants;

namespace Portal.Domain.Notifications;

/// <summary>A mail about an invoice that waits in the outbox.</summary>
/// <param name="To">The address.</param>
/// <param name="Invoice">Public id.</param>
/// <param name="Cause"><c>finalised</c>, <c>past_due</c>, <c>payment_failed</c>, <c>credited</c> or <c>voided</c>.</param>
/// <param name="Note">Public id of the credit note, of what was credited.</param>
public sealed record InvoiceMail(string To, string Invoice, string Cause, string? Note = null);

/// <summary>Writes mails about invoices when they are sent, so that they say how the invoice stands; the outbox keeps neither texts nor documents.</summary>
public sealed class InvoiceMails(TenantReads reads, SiteAddress site)
{
    private sealed record Dunned(DateTimeOffset? NextTry, string? Failure);

    /// <summary>The mail; null when there is nothing to say any more: of a refused charge once the invoice is settled.</summary>
    public Task<Mail?> WriteAsync(long tenantId, InvoiceMail mail, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(mail);
        return reads.RunAsync(tenantId, async Task<Mail?> (read) =>
        {
            if (await InvoiceQuery.FindAsync(read.Connection, tenantId, mail.Invoice, read.Zone, cancellationToken) is not { Number: { } number } invoice) return null;
            var tenant = (await Tenant.FindAsync(read.Connection, tenantId, cancellationToken))!;
            var link = new Uri(site.Root, $"t/{tenant.Key}/invoices/{invoice.PublicId}");
            if (mail.Cause == "finalised") return Finalised(mail.To, invoice, number, link, read.Zone);
            if (mail.Cause == "voided") return Write(mail.To, $"Invoice {number} is void", [$"Invoice {number} was taken back. Nothing is to be paid on it."], "Look at the invoice", link);
            if (mail.Cause == "credited")
                return invoice.CreditNotes.FirstOrDefault(note => note.PublicId == mail.Note) is { } note ? Credited(mail.To, invoice, number, note, link, read.Zone) : null;
            return invoice.State == InvoiceState.Open ? Refused(mail.To, invoice, number, link, read.Zone, await DunnedAsync(read, invoice.Id, cancellationToken)) : null;
        }, cancellationToken);
    }

    private static Mail Finalised(string to, Invoice invoice, string number, Uri link, TimeZoneInfo zone)
    {
        var seller = invoice.Seller!.Name;
        string[] says =
        [
            $"Your invoice {number} from {seller} over {Amount(invoice.Total, invoice.Currency)} is attached.",
            invoice.AmountDue == 0m ? "Nothing is left to pay on it." : $"{Amount(invoice.AmountDue, invoice.Currency)} is due on {Day(invoice.DueAt!.Value, zone)}.",
        ];
        return Write(to, $"Invoice {number} from {seller}", says, "Look at the invoice", link) with
        {
            Attachment = new MailAttachment($"{number}.pdf", InvoicePdf.Of(invoice, zone)),
        };
    }

    private static Mail Credited(string to, Invoice invoice, string number, CreditNote note, Uri link, TimeZoneInfo zone)
    {
        string[] says =
        [
            $"Credit note {note.Number} over {Amount(note.Total, invoice.Currency)} for invoice {number} is attached: {note.Reason}",
            .. note.Lowered > 0m ? [$"What is due on the invoice fell by {Amount(note.Lowered, invoice.Currency)}."] : Array.Empty<string>(),
            .. note.RefundId is not null ? [$"{Amount(note.Total, invoice.Currency)} goes back to where it was paid from."] : Array.Empty<string>(),
            .. note.Kept > 0m ? [$"{Amount(note.Kept, invoice.Currency)} is your credit and pays the next invoice."] : Array.Empty<string>(),
        ];
        return Write(to, $"Credit note {note.Number} for invoice {number}", says, "Look at the invoice", link) with
        {
            Attachment = new MailAttachment($"{note.Number}.pdf", CreditNotePdf.Of(invoice, note, zone)),
        };
    }

    private static Mail Refused(string to, Invoice invoice, string number, Uri link, TimeZoneInfo zone, Dunned dunned)
    {
        string[] says =
        [
            $"{Amount(invoice.AmountDue, invoice.Currency)} for invoice {number} could not be charged{(dunned.Failure == "no_payment_method" ? ": no payment method is saved" : "")}.",
            dunned.NextTry is { } next
                ? $"It is tried again on {Day(next, zone)}. Pay now, or save another payment method, so that nothing is interrupted."
                : "It is not tried again, and the subscription is suspended. Paying restores it at once.",
        ];
        return Write(to, $"Invoice {number}: the payment failed", says, "Pay now", link);
    }

    private static Mail Write(string to, string subject, string[] says, string action, Uri link) => new(
        to, subject, string.Join("\n\n", [.. says, $"{action}:\n{link}"]) + "\n",
        string.Concat(says.Select(sentence => $"<p>{WebUtility.HtmlEncode(sentence)}</p>")) + $"<p><a href=\"{WebUtility.HtmlEncode(link.AbsoluteUri)}\">{action}</a></p>");

    private static async Task<Dunned> DunnedAsync(TenantRead read, Guid invoice, CancellationToken cancellationToken) =>
        (await read.Connection.FindAsync(
            "select collect_at, failure from invoices where tenant_id = $1 and id = $2",
            row => new Dunned(row.Nullable<DateTimeOffset?>(0), row.Nullable<string>(1)), cancellationToken, read.TenantId, invoice))!;

    private static string Amount(decimal amount, string currency) =>
        amount.ToString("N" + Currency.Of(currency).MinorPlaces.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture) + " " + currency;

    private static string Day(DateTimeOffset at, TimeZoneInfo zone) => TimeZoneInfo.ConvertTime(at, zone).ToString("d MMMM yyyy", CultureInfo.InvariantCulture);
}
