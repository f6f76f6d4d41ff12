using Npgsql;
using Portal.Domain.Data;

namespace Portal.Domain.Revenue.Reports;

/// <summary>What a tenant has not paid of open invoices, by how long it has been due.</summary>
/// <param name="Tenant">Key of the tenant.</param>
/// <param name="Name">What people call it.</param>
/// <param name="Currency">ISO 4217.</param>
/// <param name="Invoices">Open invoices.</param>
/// <param name="Current">Not due yet, or due today.</param>
/// <param name="Days30">Due for 1 to 30 days.</param>
/// <param name="Days60">For 31 to 60.</param>
/// <param name="Days90">For 61 to 90.</param>
/// <param name="Older">For more than 90.</param>
public sealed record ReceivableAge(
    string Tenant, string Name, string Currency, long Invoices, decimal Current, decimal Days30, decimal Days60, decimal Days90, decimal Older)
{
    private const string Sql = """
        select t.key, t.name, d.currency::text, count(*), sum(o.due) filter (where o.days <= 0), sum(o.due) filter (where o.days between 1 and 30),
          sum(o.due) filter (where o.days between 31 and 60), sum(o.due) filter (where o.days between 61 and 90), sum(o.due) filter (where o.days > 90)
        from invoices i
        join invoice_documents d on d.tenant_id = i.tenant_id and d.invoice_id = i.id
        join tenants t on t.tenant_id = i.tenant_id
        cross join platform p
        cross join lateral (
          select i.total - i.paid - i.credited as due,
            ((now() + p.clock_offset) at time zone p.reporting_zone)::date - (d.due_at at time zone p.reporting_zone)::date as days
        ) o
        where i.state = 'open' group by 1, 2, 3 order by sum(o.due) desc, 1
        """;

    /// <summary>All of it.</summary>
    public decimal Total => Current + Days30 + Days60 + Days90 + Older;

    /// <summary>Reads it as it stands now; who owes most first. Days are the reporting calendar's.</summary>
    public static async Task<IReadOnlyList<ReceivableAge>> ReadAsync(NpgsqlDataSource source, CancellationToken cancellationToken = default) => await source.ListAsync(
        Sql,
        row => new ReceivableAge(
            row.GetString(0), row.GetString(1), row.GetString(2), row.GetInt64(3), row.Nullable<decimal>(4), row.Nullable<decimal>(5), row.Nullable<decimal>(6),
            row.Nullable<decimal>(7), row.Nullable<decimal>(8)),
        cancellationToken);
}
