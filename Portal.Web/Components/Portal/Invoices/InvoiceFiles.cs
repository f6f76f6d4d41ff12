using Portal.Domain.Data;
using Portal.Domain.Invoicing;
using Portal.Domain.Invoicing.Pdf;
using Portal.Domain.Tenants;
using Portal.Web.Access;

namespace Portal.Web.Components.TenantPages.Invoices;

/// <summary>Documents of invoices for signed-in people with the role billing.</summary>
internal static class InvoiceFiles
{
    /// <summary>Maps them below a tenant's address.</summary>
    public static void Map(RouteGroupBuilder tenant)
    {
        tenant.MapGet("/invoices/{invoice}.pdf", (string tenantKey, string invoice, HttpContext http, TenantAccess access, TenantReads reads) =>
            SendAsync(tenantKey, invoice, http, access, reads, (found, zone) => (InvoicePdf.Of(found, zone), found.Number ?? "draft")));
        tenant.MapGet("/invoices/{invoice}/receipt.pdf", (string tenantKey, string invoice, HttpContext http, TenantAccess access, TenantReads reads) =>
            SendAsync(tenantKey, invoice, http, access, reads, (found, zone) => (ReceiptPdf.Of(found, zone), $"receipt-{found.Number}")));
        tenant.MapGet("/invoices/{invoice}/credit-notes/{note}.pdf", (string tenantKey, string invoice, string note, HttpContext http, TenantAccess access, TenantReads reads) =>
            SendAsync(tenantKey, invoice, http, access, reads, (found, zone) => found.CreditNotes.FirstOrDefault(one => one.Number == note || one.PublicId == note) is { } credited
                ? (CreditNotePdf.Of(found, credited, zone), credited.Number)
                : (null, "")));
    }

    private static async Task<IResult> SendAsync(
        string tenantKey, string invoice, HttpContext http, TenantAccess access, TenantReads reads, Func<Invoice, TimeZoneInfo, (byte[]? Pdf, string Name)> write)
    {
        if (await access.FindAsync(http.User, tenantKey, http.RequestAborted) is not { } tenant) return Results.NotFound();
        if (!tenant.May(MemberRole.Billing)) return Results.Forbid();
        var found = await reads.RunAsync(
            tenant.Id, read => InvoiceQuery.FindAsync(read.Connection, tenant.Id, invoice, tenant.Zone, http.RequestAborted), http.RequestAborted);
        if (found is null || write(found, tenant.Zone) is not { Pdf: { } pdf } file) return Results.NotFound();
        return Results.File(pdf, "application/pdf", file.Name + ".pdf");
    }
}
