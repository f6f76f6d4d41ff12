using System.Globalization;
using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Ledger;
using Portal.Domain.Wallet;

namespace Portal.Domain.Tenants;

/// <summary>The second half of a merge: what left one tenant arrives in the other, once however often it is asked for.</summary>
public static class MergeArrival
{
    /// <summary>
    /// Makes a grant of each part, on the terms of the grant it was, in the pool of the same key or else the shared one; debts settle, and what
    /// has expired on the way expires. Refuses <c>unknown_move</c>, and <c>currency_mismatch</c> where the tenant took up another currency
    /// since: the move stays open.
    /// </summary>
    /// <param name="wallet">Wallet of the tenant that gets them.</param>
    /// <param name="fromTenantId">The tenant that gave them.</param>
    /// <param name="moveId">The move.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public static async Task<Result<Done>> ArriveAsync(WalletTransaction wallet, long fromTenantId, Guid moveId, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(wallet);
        var arrived = await wallet.Connection.ListAsync(
            "select id from ledger_transactions where tenant_id = $1 and idempotency_key = $2", row => row.GetGuid(0), cancellationToken, wallet.TenantId, Key(moveId));
        if (arrived.Count > 0) return default(Done);
        if (await Move.FindAsync(wallet, fromTenantId, moveId, cancellationToken) is not { } move) return Problem.NotFound("unknown_move", "There is no such move.");
        if (move.Value > 0m)
        {
            if (wallet.Directory.CurrencyLocked && wallet.Directory.Currency != move.Currency)
                return Problem.Conflict("currency_mismatch", $"The tenant's currency is {wallet.Directory.Currency}, that of what arrives {move.Currency}.");
            await TakeUpCurrencyAsync(wallet, move.Currency, cancellationToken);
        }

        var currency = move.Value > 0m ? move.Currency : wallet.Directory.Currency;
        wallet.Actor ??= move.Actor;
        var posting = wallet.Begin("merge", key: Key(moveId), reference: PublicId.Format(PublicId.Transaction, fromTenantId, move.TransactionId),
            reason: Sentence("From", move.From, move.Reason));
        foreach (var part in await Part.ListAsync(wallet, fromTenantId, moveId, cancellationToken)) Take(wallet, posting, move, part, currency);
        posting.Book(Account.External("move"), Account.DeferredCredits, move.Value, currency);
        wallet.SettleDebts();
        await wallet.SettleAsync(cancellationToken);
        await wallet.AuditAsync("tenant.merge_arrived", Tenant.FormatId(fromTenantId), new { move.From, move.Credits, move.Value }, cancellationToken);
        return default(Done);
    }

    /// <summary>Key of the ledger transactions of a move, one in each tenant.</summary>
    internal static string Key(Guid moveId) => string.Create(CultureInfo.InvariantCulture, $"move:{moveId:N}");

    /// <summary>What the statement says of it.</summary>
    internal static string Sentence(string word, string tenant, string? reason) => reason is null ? $"{word} {tenant}" : $"{word} {tenant}: {reason}";

    private static async Task TakeUpCurrencyAsync(WalletTransaction wallet, string currency, CancellationToken cancellationToken)
    {
        if (wallet.Directory.CurrencyLocked) return;
        await wallet.ExecuteAsync("update tenants set currency = $2, currency_locked = true where tenant_id = $1", cancellationToken, wallet.TenantId, currency);
        wallet.ConfigurationChanged();
    }

    private static void Take(WalletTransaction wallet, LedgerTransaction posting, Move move, Part part, string currency)
    {
        var pool = wallet.Directory.Pools.TryGetValue(part.Pool, out var same) && !same.Closed ? same : wallet.Directory.PoolsById[Pool.SharedId];
        var old = part.Grant;
        var grant = new Grant
        {
            TenantId = wallet.TenantId,
            Id = Uuid7.At(wallet.Now),
            PoolId = pool.Id,
            Source = old.Source,
            Amount = part.Credits,
            Remaining = part.Credits,
            Value = part.Value,
            Currency = currency,
            Priority = old.Priority,
            Products = old.Products,
            EffectiveAt = old.EffectiveAt,
            ExpiresAt = old.ExpiresAt,
            Lineage = "merged",
            RollCount = old.RollCount,
            Reference = PublicId.Format(PublicId.Grant, old.TenantId, old.Id),
            Reason = $"Merged from {move.From}",
            CreatedAt = wallet.Now,
        };
        wallet.Wallet.Add(grant);
        posting.MoveCredits(Account.Moved, fromGrant: null, Account.Pool(pool.Key), grant.Id, grant.Amount);
    }

    private sealed record Move(Guid TransactionId, string From, decimal Credits, decimal Value, string Currency, string? Reason, string? Actor)
    {
        private const string Sql = """
            select m.transaction_id, t.key, m.credits, m.value, m.currency, m.reason, m.actor from moves m join tenants t on t.tenant_id = m.tenant_id
            where m.tenant_id = $1 and m.id = $2 and m.into_tenant_id = $3
            """;

        public static Task<Move?> FindAsync(WalletTransaction wallet, long fromTenantId, Guid id, CancellationToken cancellationToken) =>
            wallet.Connection.FindAsync(Sql, Read, cancellationToken, fromTenantId, id, wallet.TenantId);

        private static Move Read(NpgsqlDataReader row) => new(
            row.GetGuid(0), row.GetString(1), row.GetDecimal(2), row.GetDecimal(3), row.GetString(4), row.Nullable<string>(5), row.Nullable<string>(6));
    }

    private sealed record Part(Grant Grant, string Pool, decimal Credits, decimal Value)
    {
        private const string Sql = "select " + GrantRow.Columns + """
            , p.key, x.credits, x.value from move_parts x
            join grants g on g.tenant_id = x.tenant_id and g.id = x.grant_id
            join pools p on p.tenant_id = g.tenant_id and p.pool_id = g.pool_id
            where x.tenant_id = $1 and x.move_id = $2 order by x.grant_id
            """;

        public static Task<List<Part>> ListAsync(WalletTransaction wallet, long fromTenantId, Guid id, CancellationToken cancellationToken) =>
            wallet.Connection.ListAsync(Sql, Read, cancellationToken, fromTenantId, id);

        private static Part Read(NpgsqlDataReader row) => new(
            GrantRow.Read(row), row.GetString(GrantRow.Width), row.GetDecimal(GrantRow.Width + 1), row.GetDecimal(GrantRow.Width + 2));
    }
}
