using System.Text.Json;
using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Wallet;

namespace Portal.Domain.Invoicing;

/// <summary>Writes what an invoice says once it is finalised: its document, its lines, and that it was.</summary>
internal static class InvoiceRows
{
    private const string Document = """
        insert into invoice_documents (tenant_id, invoice_id, number, legal_entity, issued_at, due_at, period_starts_at, period_ends_at, currency, subtotal, discount, tax,
          total, seller, customer, taxes, po_number, transaction_id)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14::json, $15::json, $16::json, $17, $18)
        """;

    private const string Lines = """
        insert into invoice_lines (tenant_id, invoice_id, line, kind, item, description, quantity, unit_amount, amount, discount, tax, tax_percent, period_starts_at,
          period_ends_at, charge_id, tiers)
        select $1, $2, l, k, i, d, q, u, a, o, t, p, s, e, c, j::json
        from unnest($3::int[], $4::text[], $5::text[], $6::text[], $7::numeric[], $8::numeric[], $9::numeric[], $10::numeric[], $11::numeric[], $12::numeric[],
          $13::timestamptz[], $14::timestamptz[], $15::uuid[], $16::text[]) lines(l, k, i, d, q, u, a, o, t, p, s, e, c, j)
        """;

    private const string Event = """
        insert into invoice_events (tenant_id, id, invoice_id, at, kind, amount, transaction_id, reference, actor) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        """;

    private const string Settle = """
        update invoices set paid = paid + $3, credited = credited + $4,
          state = case when paid + $3 + credited + $4 >= total then 'paid' when state = 'paid' then 'open' else state end,
          collect_at = case when paid + $3 + credited + $4 >= total then null else collect_at end
        where tenant_id = $1 and id = $2
        """;

    private const string Customer = """
        select coalesce(p.name, t.name), coalesce(p.address, ''), p.country::text, p.vat_id, p.po_number
        from tenants t left join tax_profiles p using (tenant_id) where t.tenant_id = $1
        """;

    private sealed record Buyer(InvoiceParty Party, string? PoNumber);

    /// <summary>What is written of an invoice.</summary>
    /// <param name="Id">Its id.</param>
    /// <param name="Number">Reserved for it.</param>
    /// <param name="Seller">Who sells.</param>
    /// <param name="Figures">Lines and sums.</param>
    /// <param name="At">When it is finalised.</param>
    /// <param name="DueAt">When it is to be paid.</param>
    /// <param name="PoNumber">A contract's purchase order; null for the customer's.</param>
    /// <param name="TransactionId">The ledger transaction that books it.</param>
    internal sealed record Finalised(
        Guid Id, string Number, LegalEntity Seller, InvoiceBuilder.Figures Figures, DateTimeOffset At, DateTimeOffset DueAt, string? PoNumber, Guid TransactionId);

    /// <summary>Adds the rows to a batch that has written the invoice itself.</summary>
    public static async Task AddAsync(WalletTransaction wallet, NpgsqlBatch batch, Finalised invoice, CancellationToken cancellationToken)
    {
        var buyer = (await wallet.Connection.FindAsync(
            Customer,
            row => new Buyer(
                new InvoiceParty(row.GetString(0), row.GetString(1), row.Nullable<string>(2), row.Nullable<string>(3) is { } vat ? [vat] : []), row.Nullable<string>(4)),
            cancellationToken, wallet.TenantId))!;
        var (figures, lines) = (invoice.Figures, invoice.Figures.Lines);
        batch.Add(Document, wallet.TenantId, invoice.Id, invoice.Number, invoice.Seller.Key, invoice.At, invoice.DueAt, figures.StartsAt, figures.EndsAt,
            wallet.Directory.Currency, figures.Subtotal + figures.Discount, figures.Discount, figures.Tax, figures.Total, Json(invoice.Seller.Party), Json(buyer.Party), Json(figures.Taxes),
            invoice.PoNumber ?? buyer.PoNumber, invoice.TransactionId);
        batch.Add(Lines, wallet.TenantId, invoice.Id, Enumerable.Range(1, lines.Count), lines.Select(line => line.Kind), lines.Select(line => line.Item),
            lines.Select(line => line.Description), lines.Select(line => line.Quantity), lines.Select(line => line.UnitAmount), lines.Select(line => line.Amount),
            lines.Select(line => line.Discount), lines.Select(line => line.Tax), lines.Select(line => line.TaxPercent), lines.Select(line => line.StartsAt),
            lines.Select(line => line.EndsAt), lines.Select(line => line.ChargeId), lines.Select(line => line.Tiers.Count == 0 ? null : Json(line.Tiers)));
        AddEvent(wallet, batch, invoice.Id, "finalised", figures.Total, invoice.TransactionId, reference: null, invoice.At);
    }

    /// <summary>Adds what happened to an invoice.</summary>
    /// <param name="wallet">The tenant's wallet.</param>
    /// <param name="batch">What it is written with.</param>
    /// <param name="invoice">The invoice.</param>
    /// <param name="kind">Such as <c>paid</c>.</param>
    /// <param name="amount">Of money, 0 or more.</param>
    /// <param name="transaction">The ledger transaction that booked it.</param>
    /// <param name="reference">Public id of the payment or credit note, or the reason; null for none.</param>
    /// <param name="at">When; default now.</param>
    public static void AddEvent(
        WalletTransaction wallet, NpgsqlBatch batch, Guid invoice, string kind, decimal amount, Guid transaction, string? reference, DateTimeOffset? at = null) =>
        batch.Add(Event, wallet.TenantId, Uuid7.At(wallet.Now), invoice, at ?? wallet.Now, kind, amount, transaction, reference, wallet.Actor ?? "settle");

    /// <summary>Adds what was paid on an invoice, or taken off it, and how it stands then: paid once nothing is due, open again when something is.</summary>
    /// <param name="wallet">The tenant's wallet.</param>
    /// <param name="batch">What it is written with.</param>
    /// <param name="invoice">The invoice.</param>
    /// <param name="paid">Below 0: taken back by a dispute.</param>
    /// <param name="credited">By a credit note.</param>
    public static void AddSettled(WalletTransaction wallet, NpgsqlBatch batch, Guid invoice, decimal paid, decimal credited = 0m) =>
        batch.Add(Settle, wallet.TenantId, invoice, paid, credited);

    private static string Json<T>(T value) => JsonSerializer.Serialize(value, PortalJson.Options);
}
