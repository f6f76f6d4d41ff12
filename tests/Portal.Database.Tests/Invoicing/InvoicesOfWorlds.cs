using Portal.Database.Tests.Counters;
using Portal.Domain.Invoicing;

namespace Portal.Database.Tests.Invoicing;

/// <summary>Reads the invoices of a world's tenant.</summary>
internal static class InvoicesOfWorlds
{
    /// <summary>Without their lines, newest first; drafts only when asked for.</summary>
    public static async Task<List<Invoice>> InvoicesAsync(this MeterWorld world, string? state = null)
    {
        await using var connection = await world.Portal.Source.OpenConnectionAsync();
        return await InvoiceQuery.ListAsync(connection, world.Tenant, state, 50, after: null);
    }

    /// <summary>One with its lines.</summary>
    public static async Task<Invoice> InvoiceAsync(this MeterWorld world, Invoice invoice)
    {
        await using var connection = await world.Portal.Source.OpenConnectionAsync();
        return (await InvoiceQuery.FindAsync(connection, world.Tenant, invoice.Id, TimeZoneInfo.Utc))!;
    }
}
