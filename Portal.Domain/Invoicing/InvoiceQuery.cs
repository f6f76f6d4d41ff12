using System.Text.Json;
using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Invoicing.Corrections;
using Portal.Domain.Kernel;
using Portal.Domain.Pricing.Rates;
using Portal.Domain.Subscriptions;
using Portal.Domain.Wallet;

namespace Portal.Domain.Invoicing;

/// <summary>Reads invoices: finalised ones as they are written, drafts as they would be finalised now.</summary>
public static class InvoiceQuery
{
    private const string Columns = """
        select i.tenant_id, i.id, i.state, i.bill_at, i.finalise_at, i.paid, i.credited, d.number, t.currency::text, d.issued_at, d.due_at, d.period_starts_at, d.period_ends_at,
          d.subtotal, d.discount, d.tax, d.total, d.seller::text, d.customer::text, d.taxes::text, d.po_number
        from invoices i join tenants t using (tenant_id) left join invoice_documents d on d.tenant_id = i.tenant_id and d.invoice_id = i.id
        where i.tenant_id = $1
        """;

    private const string Lines = """
        select kind, item, description, quantity, unit_amount, amount, discount, tax, tax_percent, period_starts_at, period_ends_at, charge_id, tiers::text
        from invoice_lines where tenant_id = $1 and invoice_id = $2 order by line
        """;

    private const string History = "select at, kind, amount, reference from invoice_events where tenant_id = $1 and invoice_id = $2 order by at, id";

    /// <summary>The invoice of an id, with its lines; null when there is no such one.</summary>
    public static Task<Invoice?> FindAsync(NpgsqlConnection connection, long tenantId, Guid id, TimeZoneInfo zone, CancellationToken cancellationToken = default) =>
        CompleteAsync(connection, Columns + " and i.id = $2", id, zone, tenantId, cancellationToken);

    /// <summary>The invoice of a public id or number, with its lines; null when the tenant has no such one.</summary>
    public static async Task<Invoice?> FindAsync(NpgsqlConnection connection, long tenantId, string name, TimeZoneInfo zone, CancellationToken cancellationToken = default)
    {
        if (!PublicId.TryParse(PublicId.Invoice, name, out var owner, out var id))
            return await CompleteAsync(connection, Columns + " and d.number = $2", name, zone, tenantId, cancellationToken);
        return owner == tenantId ? await FindAsync(connection, tenantId, id, zone, cancellationToken) : null;
    }

    /// <summary>What is to be paid, on how many invoices, and the customer's credit.</summary>
    public static async Task<(decimal ToPay, int Open, decimal Credit)> DueAsync(TenantRead read, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(read);
        const string sql = """
            select coalesce(sum(total - paid - credited), 0), count(*)::int,
              coalesce((select -balance from ledger_accounts where tenant_id = $1 and account = 'customer_credit' and unit = $2), 0)
            from invoices where tenant_id = $1 and state = 'open'
            """;
        return (await read.Connection.ListAsync(sql, row => (row.GetDecimal(0), row.GetInt32(1), row.GetDecimal(2)), cancellationToken, read.TenantId, read.Currency)).Single();
    }

    /// <summary>Invoices without their lines, newest first; drafts are not among them unless asked for.</summary>
    /// <param name="connection">The database.</param>
    /// <param name="tenantId">Whose.</param>
    /// <param name="state">Only those of a state; null for all that are finalised.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="after">The one after which to go on; null from the newest.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public static Task<List<Invoice>> ListAsync(
        NpgsqlConnection connection, long tenantId, string? state, int limit, Guid? after, CancellationToken cancellationToken = default) =>
        connection.ListAsync(
            Columns + " and case when $2::text is null then i.state <> 'draft' else i.state = $2 end and i.id < $3 order by i.id desc limit $4", Read, cancellationToken,
            tenantId, state, after ?? Guid.AllBitsSet, limit);

    /// <summary>
    /// The invoice to come: the draft that waits to be finalised, else what has been charged and is on none yet, with the fees that fall due as
    /// the next period begins. Null when there is neither a subscription that goes on nor anything charged.
    /// </summary>
    public static Task<Invoice?> UpcomingAsync(TenantRead read, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(read);
        return UpcomingAsync(read.Connection, read.TenantId, read.Currency, read.Zone, DateTimeOffset.MinValue, read.Now, cancellationToken);
    }

    /// <summary>What a change made in this transaction makes the next invoice: the draft that it opened, else the one to come.</summary>
    public static async Task<Invoice?> AfterChangeAsync(WalletTransaction wallet, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(wallet);
        await wallet.WriteAsync(cancellationToken);
        var (zone, currency) = (wallet.Directory.Zone, wallet.Directory.Currency);
        return await UpcomingAsync(wallet.Connection, wallet.TenantId, currency, zone, wallet.Now, wallet.Now, cancellationToken);
    }

    private static async Task<Invoice?> UpcomingAsync(
        NpgsqlConnection connection, long tenantId, string currency, TimeZoneInfo zone, DateTimeOffset from, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var drafts = await connection.ListAsync(
            Columns + " and i.state = 'draft' and i.bill_at >= $2 and i.bill_at <= $3 order by i.bill_at", Read, cancellationToken, tenantId, from, now);
        foreach (var open in drafts)
        {
            if (await PreviewAsync(connection, open, zone, cancellationToken) is { Lines.Count: > 0 } due) return due;
        }

        var coming = await ComingPeriod.FindAsync(connection, tenantId, zone, cancellationToken);
        var charges = await OpenCharges.ReadAsync(connection, tenantId, DateTimeOffset.MaxValue, cancellationToken);
        if (coming is null && charges.Count == 0) return null;
        var billAt = coming?.StartsAt ?? charges.Max(charge => charge.EndsAt);
        foreach (var fee in coming?.Fees ?? [])
        {
            charges.Add(new OpenCharge(Guid.Empty, fee.Kind, fee.Item, coming!.StartsAt, coming.EndsAt, Advance: true, fee.Quantity, fee.Amount, fee.Description, fee.UnitAmount)
            {
                TaxInclusive = coming.TaxInclusive,
            });
            if (fee.Discount == 0m) continue;
            charges.Add(new OpenCharge(Guid.Empty, ChargeKind.CouponOnFee, fee.Item, coming.StartsAt, coming.EndsAt, Advance: true, 1m, -fee.Discount, $"Coupon {coming.Coupon}: {fee.Description}", null)
            {
                TaxInclusive = coming.TaxInclusive,
            });
        }

        var draft = new Invoice
        {
            TenantId = tenantId,
            Id = Draft.IdOf(tenantId, billAt),
            State = InvoiceState.Draft,
            Currency = currency,
            BillAt = billAt,
            FinaliseAt = billAt,
            StartsAt = billAt,
            EndsAt = billAt,
            Subtotal = 0m,
            Discount = 0m,
            Tax = 0m,
            Total = 0m,
        };
        return await AsInvoiceAsync(connection, draft, charges, zone, cancellationToken);
    }

    private static async Task<Invoice?> CompleteAsync(
        NpgsqlConnection connection, string sql, object key, TimeZoneInfo zone, long tenantId, CancellationToken cancellationToken)
    {
        if (await connection.FindAsync(sql, Read, cancellationToken, tenantId, key) is not { } invoice) return null;
        return invoice.State == InvoiceState.Draft
            ? await PreviewAsync(connection, invoice, zone, cancellationToken)
            : invoice with
            {
                Lines = await connection.ListAsync(Lines, ReadLine, cancellationToken, tenantId, invoice.Id),
                CreditNotes = await CreditNote.OfInvoiceAsync(connection, tenantId, invoice.Id, cancellationToken),
                History = await connection.ListAsync(
                    History, row => new InvoiceEvent(row.GetFieldValue<DateTimeOffset>(0), row.GetString(1), row.Nullable<decimal?>(2), row.Nullable<string>(3)), cancellationToken,
                    tenantId, invoice.Id),
            };
    }

    // A draft says what its charges say now.
    private static async Task<Invoice> PreviewAsync(NpgsqlConnection connection, Invoice draft, TimeZoneInfo zone, CancellationToken cancellationToken)
    {
        var charges = await OpenCharges.ReadAsync(connection, draft.TenantId, draft.BillAt, cancellationToken);
        return await AsInvoiceAsync(connection, draft, charges, zone, cancellationToken);
    }

    private static async Task<Invoice> AsInvoiceAsync(
        NpgsqlConnection connection, Invoice draft, List<OpenCharge> charges, TimeZoneInfo zone, CancellationToken cancellationToken)
    {
        await OpenCharges.AddCouponsAsync(connection, draft.TenantId, draft.BillAt, charges, cancellationToken);
        var seller = await LegalEntity.OfTenantAsync(connection, cancellationToken);
        var figures = (await InvoiceBuilder.OfAsync(connection, draft.TenantId, draft.Currency, zone, seller, cancellationToken)).Build(charges, draft.BillAt);
        return draft with
        {
            StartsAt = figures.StartsAt,
            EndsAt = figures.EndsAt,
            Subtotal = figures.Subtotal + figures.Discount,
            Discount = figures.Discount,
            Tax = figures.Tax,
            Total = figures.Total,
            Taxes = figures.Taxes,
            Lines = figures.Lines,
            Seller = seller?.Party,
        };
    }

    private static Invoice Read(NpgsqlDataReader row) => new()
    {
        TenantId = row.GetInt64(0),
        Id = row.GetGuid(1),
        State = row.GetString(2),
        BillAt = row.GetFieldValue<DateTimeOffset>(3),
        FinaliseAt = row.GetFieldValue<DateTimeOffset>(4),
        Paid = row.GetDecimal(5),
        Credited = row.GetDecimal(6),
        Number = row.Nullable<string>(7),
        Currency = row.GetString(8),
        IssuedAt = row.Nullable<DateTimeOffset?>(9),
        DueAt = row.Nullable<DateTimeOffset?>(10),
        StartsAt = row.Nullable<DateTimeOffset?>(11) ?? row.GetFieldValue<DateTimeOffset>(3),
        EndsAt = row.Nullable<DateTimeOffset?>(12) ?? row.GetFieldValue<DateTimeOffset>(3),
        Subtotal = row.Nullable<decimal?>(13) ?? 0m,
        Discount = row.Nullable<decimal?>(14) ?? 0m,
        Tax = row.Nullable<decimal?>(15) ?? 0m,
        Total = row.Nullable<decimal?>(16) ?? 0m,
        Seller = Party(row, 17),
        Customer = Party(row, 18),
        Taxes = row.Nullable<string>(19) is { } taxes ? JsonSerializer.Deserialize<List<InvoiceTax>>(taxes, PortalJson.Options)! : [],
        PoNumber = row.Nullable<string>(20),
    };

    private static InvoiceParty? Party(NpgsqlDataReader row, int column) =>
        row.Nullable<string>(column) is { } json ? JsonSerializer.Deserialize<InvoiceParty>(json, PortalJson.Options) : null;

    private static InvoiceLine ReadLine(NpgsqlDataReader row) => new(
        row.GetString(0), row.GetString(1), row.GetString(2), row.GetDecimal(3), row.Nullable<decimal?>(4), row.GetDecimal(5), row.GetDecimal(6), row.GetDecimal(7),
        row.GetDecimal(8), row.GetFieldValue<DateTimeOffset>(9), row.GetFieldValue<DateTimeOffset>(10), row.Nullable<Guid?>(11))
    {
        Tiers = row.Nullable<string>(12) is { } tiers ? JsonSerializer.Deserialize<List<TouchedTier>>(tiers, PortalJson.Options)! : [],
    };
}
