using System.Text.Json;
using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;

namespace Portal.Domain.Invoicing.Corrections;

/// <summary>What a credit note takes off a line.</summary>
/// <param name="Line">Number of the invoice's line, from 1.</param>
/// <param name="Description">As the invoice says it.</param>
/// <param name="Net">Without tax, in whole minor units.</param>
/// <param name="Tax">Tax on it.</param>
public sealed record CreditNoteLine(int Line, string Description, decimal Net, decimal Tax);

/// <summary>What was taken off an invoice after it was finalised.</summary>
/// <param name="TenantId">Whose.</param>
/// <param name="Id">Its id.</param>
/// <param name="InvoiceId">The invoice.</param>
/// <param name="Number">Of a series of its own, without gaps.</param>
/// <param name="IssuedAt">When.</param>
/// <param name="Reason">A sentence for people.</param>
/// <param name="Net">Without tax.</param>
/// <param name="Tax">Tax on it.</param>
/// <param name="Total">Both.</param>
/// <param name="Lowered">What was still due by as much; the rest is the customer's credit, or went back by a refund.</param>
/// <param name="Taxes">Taxes by rate.</param>
/// <param name="Lines">By line of the invoice.</param>
public sealed record CreditNote(
    long TenantId, Guid Id, Guid InvoiceId, string Number, DateTimeOffset IssuedAt, string Reason, decimal Net, decimal Tax, decimal Total, decimal Lowered,
    IReadOnlyList<InvoiceTax> Taxes, IReadOnlyList<CreditNoteLine> Lines)
{
    private const string Notes = """
        select tenant_id, id, invoice_id, number, issued_at, reason, net, tax, total, lowered, taxes::text, refund_id from credit_notes
        where tenant_id = $1 and invoice_id = $2 order by issued_at, number
        """;

    private const string OfNotes = """
        select n.credit_note_id, n.line, l.description, n.net, n.tax from credit_note_lines n
        join credit_notes c on c.tenant_id = n.tenant_id and c.id = n.credit_note_id
        join invoice_lines l on l.tenant_id = n.tenant_id and l.invoice_id = c.invoice_id and l.line = n.line
        where n.tenant_id = $1 and c.invoice_id = $2 order by n.credit_note_id, n.line
        """;

    /// <summary>Of a pack that was refunded: the refund by which its money went back; null of others.</summary>
    public Guid? RefundId { get; init; }

    /// <summary>What it made of the customer's credit.</summary>
    public decimal Kept => RefundId is null ? Total - Lowered : 0m;

    /// <summary>Its id as the API shows it.</summary>
    public string PublicId => Kernel.PublicId.Format(Kernel.PublicId.CreditNote, TenantId, Id);

    /// <summary>Those of an invoice, oldest first.</summary>
    public static async Task<IReadOnlyList<CreditNote>> OfInvoiceAsync(NpgsqlConnection connection, long tenantId, Guid invoice, CancellationToken cancellationToken = default)
    {
        var notes = await connection.ListAsync(
            Notes,
            row => new CreditNote(
                row.GetInt64(0), row.GetGuid(1), row.GetGuid(2), row.GetString(3), row.GetFieldValue<DateTimeOffset>(4), row.GetString(5), row.GetDecimal(6), row.GetDecimal(7),
                row.GetDecimal(8), row.GetDecimal(9), JsonSerializer.Deserialize<List<InvoiceTax>>(row.GetString(10), PortalJson.Options)!, [])
            {
                RefundId = row.Nullable<Guid?>(11),
            },
            cancellationToken, tenantId, invoice);
        if (notes.Count == 0) return notes;
        var lines = await connection.ListAsync(
            OfNotes, row => (Note: row.GetGuid(0), Line: new CreditNoteLine(row.GetInt32(1), row.GetString(2), row.GetDecimal(3), row.GetDecimal(4))), cancellationToken, tenantId, invoice);
        return [.. notes.Select(note => note with { Lines = [.. lines.Where(line => line.Note == note.Id).Select(line => line.Line)] })];
    }
}
