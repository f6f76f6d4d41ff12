using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Ledger;
using Portal.Domain.Payments.GivenBack;
using Portal.Domain.Wallet;

namespace Portal.Domain.Invoicing.Corrections;

/// <summary>
/// What an invoice that nobody pays takes back (domain.md §3): what is left of its grants goes to <c>clawed_back</c>, and of its fees what is not
/// earned is no longer. Kept, so that it can come back.
/// </summary>
internal sealed class TakeBacks
{
    // Grants that the included credits and commits of the invoice's charges made, within their period.
    private const string OfGrants = """
        select g.id from invoice_lines l join charges c on c.tenant_id = l.tenant_id and c.id = l.charge_id
        join grants g on g.tenant_id = c.tenant_id and g.parent_id is null and g.source in ('plan', 'commit') and g.value > 0
          and split_part(g.reference, '/', 2) = c.item and g.effective_at >= c.period_starts_at and g.effective_at < c.period_ends_at
        where l.tenant_id = $1 and l.invoice_id = $2 and c.kind in ('included_credits', 'commit') order by g.id
        """;

    private const string OfFees = """
        select distinct f.id, f.amount - f.recognised from invoice_lines l join charges c on c.tenant_id = l.tenant_id and c.id = l.charge_id
        join fee_schedules f on f.tenant_id = c.tenant_id and f.item = c.item and f.starts_at = c.period_starts_at and f.amount > f.recognised
        where l.tenant_id = $1 and l.invoice_id = $2 and c.kind in ('flat', 'seat', 'proration') order by f.id
        """;

    private const string Cut = "update fee_schedules set amount = amount - $3 where tenant_id = $1 and id = $2";

    private const string Keep = """
        insert into invoice_takebacks (tenant_id, invoice_id, part, grant_id, fee_id, credits, amount, tax, bad_debt) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        """;

    private readonly Guid invoice;
    private readonly List<(Guid Id, decimal Unearned)> fees;
    private readonly List<Lineage> lineages = [];
    private int part;

    private TakeBacks(Guid invoice, List<(Guid Id, decimal Unearned)> fees, int part) => (this.invoice, this.fees, this.part) = (invoice, fees, part);

    /// <summary>What an invoice could take back. Before anything is posted.</summary>
    public static async Task<TakeBacks> ReadAsync(WalletTransaction wallet, Guid invoice, CancellationToken cancellationToken)
    {
        const string last = "select coalesce(max(part), 0) from invoice_takebacks where tenant_id = $1 and invoice_id = $2"; // of an earlier write-off
        var parts = (await wallet.Connection.ListAsync(last, row => row.GetInt32(0), cancellationToken, wallet.TenantId, invoice)).Single();
        var fees = await wallet.Connection.ListAsync(OfFees, row => (row.GetGuid(0), row.GetDecimal(1)), cancellationToken, wallet.TenantId, invoice);
        var takeBacks = new TakeBacks(invoice, fees, parts);
        foreach (var root in await wallet.Connection.ListAsync(OfGrants, row => row.GetGuid(0), cancellationToken, wallet.TenantId, invoice))
            if (await Lineage.OfGrantAsync(wallet, root, cancellationToken) is { } lineage) takeBacks.lineages.Add(lineage);
        return takeBacks;
    }

    /// <summary>Takes back a share of it against the receivable, and answers the money: never more than so much.</summary>
    /// <param name="wallet">The tenant's wallet.</param>
    /// <param name="posting">The transaction.</param>
    /// <param name="share">Above 0, at most 1: all of it, or what the unpaid part stands for.</param>
    /// <param name="most">Money that may be taken back at most.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public async Task<(decimal Credits, decimal Fees)> RunAsync(
        WalletTransaction wallet, LedgerTransaction posting, decimal share, decimal most, CancellationToken cancellationToken)
    {
        var currency = wallet.Directory.Currency;
        var (credits, cut) = (0m, 0m);
        foreach (var (id, unearned) in fees)
        {
            var amount = Math.Min(Math.Round(unearned * share, 9), most - cut);
            if (amount <= 0m) continue;
            await wallet.Connection.ExecuteAsync(Cut, cancellationToken, wallet.TenantId, id, amount);
            await KeepAsync(wallet, invoice, ++part, grant: null, id, 0m, amount, cancellationToken);
            posting.Book(Account.DeferredFees, Account.Receivable, amount, currency);
            cut += amount;
        }

        foreach (var grant in lineages.SelectMany(lineage => lineage.LastDrawnFirst).Where(grant => grant.Remaining > 0m).ToArray())
        {
            var taken = share == 1m ? grant.Remaining : Math.Round(grant.Remaining * share, 9);
            if (taken <= 0m || credits + cut + TakenPart.Of(grant, taken).Value > most) continue;
            var value = wallet.Wallet.Take(grant, taken);
            posting.MoveCredits(Account.Pool(wallet.Directory.PoolsById[grant.PoolId].Key), grant.Id, Account.ClawedBack, toGrant: null, taken);
            posting.Book(Account.DeferredCredits, Account.Receivable, value, currency);
            await KeepAsync(wallet, invoice, ++part, grant.Id, fee: null, taken, value, cancellationToken);
            credits += value;
        }

        return (credits, cut);
    }

    /// <summary>Keeps what a write-off booked besides, so that it can be reversed.</summary>
    public Task KeepWriteOffAsync(WalletTransaction wallet, decimal due, decimal tax, decimal badDebt, CancellationToken cancellationToken) =>
        wallet.Connection.ExecuteAsync(Keep, cancellationToken, wallet.TenantId, invoice, ++part, (Guid?)null, (Guid?)null, 0m, due, tax, badDebt);

    private static Task<int> KeepAsync(WalletTransaction wallet, Guid invoice, int part, Guid? grant, Guid? fee, decimal credits, decimal amount, CancellationToken cancellationToken) =>
        wallet.Connection.ExecuteAsync(Keep, cancellationToken, wallet.TenantId, invoice, part, grant, fee, credits, amount, 0m, 0m);
}
