using Portal.Domain.Data;
using Portal.Domain.Wallet;

namespace Portal.Domain.Payments.GivenBack;

/// <summary>Credits that were used from one grant.</summary>
internal readonly record struct UsedPart(Grant Grant, decimal Credits);

/// <summary>
/// What of a lineage was used and is not owed yet because of a dispute. Of what a grant had, it is all that is not left, did not go on into
/// other grants, did not expire, and was not taken back.
/// </summary>
internal sealed class UsedCredits
{
    private const string Select = """
        select g.id, g.amount - g.remaining - g.lapsed
          - coalesce((select sum(c.amount) from grants c where c.tenant_id = $1 and c.parent_id = g.id and c.lineage <> 'bonus'), 0)
          - coalesce((select -sum(e.amount) from ledger_transactions t join ledger_entries e on e.tenant_id = t.tenant_id and e.transaction_id = t.id
                      where t.tenant_id = $1 and t.idempotency_key = 'expiry:' || replace(g.id::text, '-', '') and e.grant_id = g.id), 0)
          - coalesce((select sum(p.credits) from refund_pieces p join refunds r on r.tenant_id = p.tenant_id and r.id = p.refund_id
                      where p.tenant_id = $1 and p.grant_id = g.id and r.state <> 'failed'), 0)
          - coalesce((select sum(p.credits - p.returned) from dispute_pieces p where p.tenant_id = $1 and p.grant_id = g.id), 0)
        from grants g where g.tenant_id = $1 and g.id = any($2)
        """;

    private readonly List<UsedPart> parts = [];

    /// <summary>Reads it; what was decided before is written.</summary>
    public static async Task<UsedCredits> ReadAsync(WalletTransaction wallet, Lineage lineage, CancellationToken cancellationToken)
    {
        var rows = await wallet.Connection.ListAsync(
            Select, row => (Id: row.GetGuid(0), Credits: row.GetDecimal(1)), cancellationToken, wallet.TenantId, lineage.Grants.Select(grant => grant.Id));
        var used = new UsedCredits();
        used.parts.AddRange(lineage.LastDrawnFirst.Select(grant => new UsedPart(grant, rows.Single(row => row.Id == grant.Id).Credits)).Where(part => part.Credits > 0m));
        return used;
    }

    /// <summary>At most so many of them.</summary>
    public IReadOnlyList<UsedPart> Take(decimal credits)
    {
        var taken = new List<UsedPart>();
        foreach (var part in parts)
        {
            if (credits <= 0m) break;
            taken.Add(part with { Credits = Math.Min(part.Credits, credits) });
            credits -= taken[^1].Credits;
        }

        return taken;
    }
}
