using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;

namespace Portal.Domain.Wallet;

/// <summary>Writes what was added to charges, and drafts that were opened.</summary>
internal static class ChargeRows
{
    private const string Add = """
        insert into charges (tenant_id, id, kind, item, advance, period_starts_at, period_ends_at, currency, quantity, amount, meter, match, detail, created_at, credits, tax_inclusive)
        select t, i, k, m, a, s, e, c, q, x, r, h, d::json, n, o, g
        from unnest($1::bigint[], $2::uuid[], $3::text[], $4::text[], $5::bool[], $6::timestamptz[], $7::timestamptz[], $8::text[], $9::numeric[], $10::numeric[],
          $11::text[], $12::text[], $13::text[], $14::timestamptz[], $15::numeric[], $16::bool[]) u(t, i, k, m, a, s, e, c, q, x, r, h, d, n, o, g)
        on conflict (tenant_id, kind, item, period_starts_at, advance) where invoice_id is null
        do update set quantity = charges.quantity + excluded.quantity, amount = charges.amount + excluded.amount, credits = charges.credits + excluded.credits,
          tax_inclusive = charges.tax_inclusive and excluded.tax_inclusive
        """;

    private const string Open = """
        insert into invoices (tenant_id, id, bill_at, finalise_at, created_at)
        select * from unnest($1::bigint[], $2::uuid[], $3::timestamptz[], $4::timestamptz[], $5::timestamptz[])
        on conflict (tenant_id, id) do update set finalise_at = greatest(invoices.finalise_at, excluded.finalise_at) where invoices.state = 'draft'
        """;

    /// <summary>Adds the statements that write charges, and the drafts that are to take them.</summary>
    public static void AddTo(NpgsqlBatch batch, IReadOnlyCollection<WalletState> wallets)
    {
        AddDrafts(batch, wallets);
        AddCharges(batch, wallets);
    }

    private static void AddDrafts(NpgsqlBatch batch, IReadOnlyCollection<WalletState> wallets)
    {
        var drafts = wallets.SelectMany(wallet => wallet.NewDrafts.Select(draft => (Wallet: wallet, BillAt: draft.Key, FinaliseAt: draft.Value)))
            .OrderBy(draft => draft.Wallet.TenantId).ThenBy(draft => draft.BillAt).ToArray();
        if (drafts.Length == 0) return;
        batch.Add(Open, drafts.Select(draft => draft.Wallet.TenantId), drafts.Select(draft => Draft.IdOf(draft.Wallet.TenantId, draft.BillAt)),
            drafts.Select(draft => draft.BillAt), drafts.Select(draft => draft.FinaliseAt), drafts.Select(draft => draft.Wallet.Now));
    }

    private static void AddCharges(NpgsqlBatch batch, IReadOnlyCollection<WalletState> wallets)
    {
        var rows = wallets.SelectMany(wallet => wallet.Accrued.Select(added => (Wallet: wallet, added.Charge, Added: added)))
            .OrderBy(row => row.Wallet.TenantId).ThenBy(row => row.Charge.Kind, StringComparer.Ordinal).ThenBy(row => row.Charge.Item, StringComparer.Ordinal)
            .ThenBy(row => row.Charge.StartsAt).ToArray();
        if (rows.Length == 0) return;
        batch.Add(Add,
            rows.Select(row => row.Wallet.TenantId), rows.Select(row => Uuid7.At(row.Wallet.Now)), rows.Select(row => row.Charge.Kind), rows.Select(row => row.Charge.Item),
            rows.Select(row => row.Charge.Advance), rows.Select(row => row.Charge.StartsAt), rows.Select(row => row.Charge.EndsAt), rows.Select(row => row.Added.Currency),
            rows.Select(row => row.Added.Quantity), rows.Select(row => row.Added.Amount), rows.Select(row => row.Charge.Meter), rows.Select(row => row.Charge.Match),
            rows.Select(row => row.Charge.Kept), rows.Select(row => row.Wallet.Now), rows.Select(row => row.Added.Credits),
            rows.Select(row => row.Charge.TaxInclusive));
    }
}
