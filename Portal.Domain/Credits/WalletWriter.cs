using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Ledger;

namespace Portal.Domain.Wallet;

/// <summary>Writes what was decided under the lock, for any number of wallets, as statements of one batch.</summary>
public static class WalletWriter
{
    private const string InsertGrants = """
        insert into grants (tenant_id, id, pool_id, source, amount, remaining, value, currency, priority, effective_at, expires_at, open,
                            parent_id, lineage, roll_count, reference, reason, created_at, products)
        select u.*, (select array_agg(p) from unnest(string_to_array($19, ',')) p) from unnest($1::bigint[], $2::uuid[], $3::int[], $4::text[],
          $5::numeric[], $6::numeric[], $7::numeric[], $8::text[], $9::smallint[], $10::timestamptz[], $11::timestamptz[], $12::bool[],
          $13::uuid[], $14::text[], $15::smallint[], $16::text[], $17::text[], $18::timestamptz[]) u
        """;

    private const string MoveGrants = """
        update grants g set remaining = g.remaining + d.delta, open = d.open
        from unnest($1::bigint[], $2::uuid[], $3::numeric[], $4::bool[]) d(tenant_id, id, delta, open)
        where g.tenant_id = d.tenant_id and g.id = d.id
        """;

    private const string LapseGrants = """
        update grants g set lapsed = g.lapsed + d.credits from unnest($1::bigint[], $2::uuid[], $3::numeric[]) d(tenant_id, id, credits)
        where g.tenant_id = d.tenant_id and g.id = d.id
        """;

    private const string RollGrants = """
        update grants g set rolled_at = d.at from unnest($1::bigint[], $2::uuid[], $3::timestamptz[]) d(tenant_id, id, at)
        where g.tenant_id = d.tenant_id and g.id = d.id
        """;

    private const string InsertDraws = """
        insert into draws (tenant_id, transaction_id, line, pool_named_id, product, pool_id, kind, grant_id, from_credits, to_credits, remaining_before, amount, meter, quantity)
        select * from unnest($1::bigint[], $2::uuid[], $3::int[], $4::int[], $5::text[], $6::int[], $7::text[], $8::uuid[], $9::numeric[], $10::numeric[],
                             $11::numeric[], $12::numeric[], $13::text[], $14::numeric[])
        """;

    private const string InsertDebts = """
        insert into debts (tenant_id, transaction_id, line, began, pool_id, product, from_credits, to_credits, incurred_at)
        select * from unnest($1::bigint[], $2::uuid[], $3::int[], $4::numeric[], $5::int[], $6::text[], $7::numeric[], $8::numeric[], $9::timestamptz[])
        """;

    private const string ChangeDebts = """
        update debts b set from_credits = d.from_credits, to_credits = d.to_credits, pool_id = d.pool_id
        from unnest($1::bigint[], $2::uuid[], $3::int[], $4::numeric[], $5::numeric[], $6::numeric[], $7::int[])
          d(tenant_id, transaction_id, line, began, from_credits, to_credits, pool_id)
        where b.tenant_id = d.tenant_id and b.transaction_id = d.transaction_id and b.line = d.line and b.began = d.began
        """;

    private const string InsertChargebackSettlements = """
        insert into chargeback_settlements (tenant_id, transaction_id, debt_transaction_id, debt_line, from_credits, to_credits, grant_id, remaining_before)
        select * from unnest($1::bigint[], $2::uuid[], $3::uuid[], $4::int[], $5::numeric[], $6::numeric[], $7::uuid[], $8::numeric[])
        """;

    private const string TouchWallets = """
        update wallets w set version = w.version + 1, config_version = w.config_version + d.config, next_due_at = d.due, last_posted_at = d.now,
          period_starts_at = d.period, period_ends_at = d.period_end, period_overage = d.overage, period_spend = d.spend,
          period_metered = d.metered::json
        from unnest($1::bigint[], $2::int[], $3::timestamptz[], $4::timestamptz[], $5::timestamptz[], $6::timestamptz[], $7::numeric[], $8::numeric[], $9::text[])
          d(tenant_id, config, due, now, period, period_end, overage, spend, metered)
        where w.tenant_id = d.tenant_id
        """;

    /// <summary>Adds the statements to <paramref name="batch"/>, in the order that foreign keys ask for.</summary>
    public static void AddTo(NpgsqlBatch batch, IReadOnlyCollection<WalletState> wallets)
    {
        AddGrants(batch, wallets);
        LedgerWriter.AddTo(batch, [.. wallets.SelectMany(wallet => wallet.Postings)]);
        AddDraws(batch, wallets);
        AddDebts(batch, wallets);
        AddChargebackSettlements(batch, wallets);
        AllowanceCounters.AddTo(batch, wallets);
        ChargeRows.AddTo(batch, wallets);
        var touched = wallets.OrderBy(wallet => wallet.TenantId).ToArray();
        batch.Add(TouchWallets, touched.Select(w => w.TenantId), touched.Select(w => w.ConfigurationChanged ? 1 : 0),
            touched.Select(w => w.NextDueAt), touched.Select(w => w.Now), touched.Select(w => w.Period.StartsAt), touched.Select(w => w.Period.EndsAt), touched.Select(w => w.Period.Overage),
            touched.Select(w => w.Period.Spend), touched.Select(w => w.Period.Metered.ToJson()));
    }

    private static void AddGrants(NpgsqlBatch batch, IReadOnlyCollection<WalletState> wallets)
    {
        // Products differ in number, which unnest cannot carry: grants that are restricted alike are inserted together.
        foreach (var alike in wallets.SelectMany(wallet => wallet.NewGrants).GroupBy(grant => grant.Products is null ? null : string.Join(",", grant.Products), StringComparer.Ordinal))
        {
            var g = alike.ToArray();
            batch.Add(InsertGrants,
                g.Select(x => x.TenantId), g.Select(x => x.Id), g.Select(x => x.PoolId), g.Select(x => x.Source), g.Select(x => x.Amount),
                g.Select(x => x.Amount), g.Select(x => x.Value), g.Select(x => x.Currency), g.Select(x => x.Priority), g.Select(x => x.EffectiveAt.ToUniversalTime()),
                g.Select(x => x.ExpiresAt?.ToUniversalTime()), g.Select(_ => true), g.Select(x => x.ParentId), g.Select(x => x.Lineage), g.Select(x => x.RollCount),
                g.Select(x => x.Reference), g.Select(x => x.Reason), g.Select(x => x.CreatedAt), alike.Key);
        }

        var moved = wallets.SelectMany(wallet => wallet.Movements.Select(m => (Grant: m.Key, Delta: m.Value, Open: m.Key.Remaining > 0m && !(m.Key.ExpiresAt <= wallet.Now))))
            .Where(m => m.Delta != 0m).OrderBy(m => m.Grant.TenantId).ThenBy(m => m.Grant.Id).ToArray();
        if (moved.Length > 0) batch.Add(MoveGrants, moved.Select(m => m.Grant.TenantId), moved.Select(m => m.Grant.Id), moved.Select(m => m.Delta), moved.Select(m => m.Open));
        var lapsed = wallets.SelectMany(wallet => wallet.Lapses).OrderBy(lapse => lapse.Key.TenantId).ThenBy(lapse => lapse.Key.Id).ToArray();
        if (lapsed.Length > 0) batch.Add(LapseGrants, lapsed.Select(l => l.Key.TenantId), lapsed.Select(l => l.Key.Id), lapsed.Select(l => l.Value));
        var rolled = wallets.SelectMany(wallet => wallet.Rolled).OrderBy(grant => grant.TenantId).ThenBy(grant => grant.Id).ToArray();
        if (rolled.Length > 0) batch.Add(RollGrants, rolled.Select(g => g.TenantId), rolled.Select(g => g.Id), rolled.Select(g => g.RolledAt));
    }

    private static void AddDraws(NpgsqlBatch batch, IReadOnlyCollection<WalletState> wallets)
    {
        var draws = wallets.SelectMany(wallet => wallet.NewDraws.Select(draw => (wallet.TenantId, Draw: draw))).ToArray();
        if (draws.Length == 0) return;
        batch.Add(InsertDraws,
            draws.Select(d => d.TenantId), draws.Select(d => d.Draw.TransactionId), draws.Select(d => d.Draw.Line), draws.Select(d => d.Draw.Named.Id),
            draws.Select(d => d.Draw.Product), draws.Select(d => d.Draw.Pool.Id), draws.Select(d => KindOf(d.Draw.Kind)),
            draws.Select(d => d.Draw.Grant?.Id), draws.Select(d => d.Draw.From), draws.Select(d => d.Draw.To), draws.Select(d => d.Draw.RemainingBefore),
            draws.Select(d => d.Draw.Kind == PieceKind.Overage ? d.Draw.Amount : (decimal?)null), draws.Select(d => d.Draw.Meter),
            draws.Select(d => d.Draw.Meter is null ? (decimal?)null : d.Draw.Quantity));
    }

    private static string KindOf(PieceKind kind) => kind switch
    {
        PieceKind.Grant => "grant",
        PieceKind.Debt => "debt",
        PieceKind.Overage => "overage",
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };

    private static void AddDebts(NpgsqlBatch batch, IReadOnlyCollection<WalletState> wallets)
    {
        var added = wallets.SelectMany(wallet => wallet.NewDebts.Select(debt => (wallet.TenantId, Debt: debt))).ToArray();
        if (added.Length > 0)
        {
            batch.Add(InsertDebts,
                added.Select(d => d.TenantId), added.Select(d => d.Debt.TransactionId), added.Select(d => d.Debt.Line), added.Select(d => d.Debt.Began),
                added.Select(d => d.Debt.PoolId), added.Select(d => d.Debt.Product), added.Select(d => d.Debt.From), added.Select(d => d.Debt.To),
                added.Select(d => d.Debt.IncurredAt));
        }

        var changed = wallets.SelectMany(wallet => wallet.ChangedDebts.Select(debt => (wallet.TenantId, Debt: debt))).ToArray();
        if (changed.Length == 0) return;
        batch.Add(ChangeDebts,
            changed.Select(d => d.TenantId), changed.Select(d => d.Debt.TransactionId), changed.Select(d => d.Debt.Line), changed.Select(d => d.Debt.Began),
            changed.Select(d => d.Debt.From), changed.Select(d => d.Debt.To), changed.Select(d => d.Debt.PoolId));
    }

    // Debts of usage have their settlements among the ratings; a chargeback's has no rating.
    private static void AddChargebackSettlements(NpgsqlBatch batch, IReadOnlyCollection<WalletState> wallets)
    {
        var parts = wallets.SelectMany(wallet => wallet.Settled.Where(part => part.Debt.Product is null).Select(part => (wallet.TenantId, Part: part))).ToArray();
        if (parts.Length == 0) return;
        batch.Add(InsertChargebackSettlements,
            parts.Select(p => p.TenantId), parts.Select(p => p.Part.Posting.Id), parts.Select(p => p.Part.Debt.TransactionId), parts.Select(p => p.Part.Debt.Line),
            parts.Select(p => p.Part.From), parts.Select(p => p.Part.From + p.Part.Credits), parts.Select(p => p.Part.Grant.Id),
            parts.Select(p => p.Part.RemainingBefore));
    }
}
