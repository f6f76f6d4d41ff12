using Npgsql;
using Portal.Domain.Data;

namespace Portal.Domain.Wallet;

/// <summary>One grant of a family, and where its credits went.</summary>
/// <param name="Grant">The grant.</param>
/// <param name="Pool">Key of its pool.</param>
/// <param name="Moved">Credits that went to other pools, or to another tenant.</param>
/// <param name="Rolled">Credits that rolled over.</param>
/// <param name="Expired">Credits that expired.</param>
/// <param name="TakenBack">Credits refunded or taken back with disputed money, less what came back.</param>
public sealed record GrantFate(Grant Grant, string Pool, decimal Moved, decimal Rolled, decimal Expired, decimal TakenBack)
{
    /// <summary>Credits that usage drew, debts that they settled among them.</summary>
    public decimal Used => Math.Max(0m, Grant.Amount - Grant.Remaining - Moved - Rolled - Expired - TakenBack);
}

/// <summary>Reads where a grant came from and what it became.</summary>
public static class GrantFamily
{
    /// <summary>Grants of a family that are read at most; the nearest to its root first.</summary>
    public const int Most = 500;

    // Up to the root, then down again. What left a grant by anything but usage is found by the kinds of such transactions, which are few.
    private const string Sql = """
        with recursive up as (
          select g.id, g.parent_id, 0 as steps from grants g where g.tenant_id = $1 and g.id = $2
          union all
          select g.id, g.parent_id, up.steps + 1 from up join grants g on g.tenant_id = $1 and g.id = up.parent_id where up.steps < 1000),
        root as (select id from up order by steps desc limit 1),
        family as (
          select id, 0 as depth from root
          union all
          select g.id, f.depth + 1 from family f join grants g on g.tenant_id = $1 and g.parent_id = f.id where f.depth < 1000),
        chosen as (select * from family order by depth, id limit $3),
        gone as (
          select e.grant_id, sum(-e.amount) filter (where t.kind in ('transfer', 'merge')) as moved, sum(-e.amount) filter (where t.kind = 'rollover') as rolled,
            sum(-e.amount) filter (where t.kind = 'expiry') as expired, sum(-e.amount) filter (where t.kind not in ('transfer', 'merge', 'rollover', 'expiry')) as taken
          from ledger_transactions t join ledger_entries e on e.tenant_id = t.tenant_id and e.transaction_id = t.id
          where t.tenant_id = $1 and t.kind = any($4) and e.grant_id in (select id from chosen) and (t.kind not in ('transfer', 'merge', 'rollover') or e.amount < 0)
          group by e.grant_id)
        """;

    private static readonly string[] Leaving = ["transfer", "merge", "rollover", "expiry", "refund", "dispute"];

    /// <summary>The whole family of a grant, parents before what came of them, elder first; empty when there is no such grant.</summary>
    public static Task<List<GrantFate>> OfAsync(TenantRead read, Guid id, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(read);
        const string sql = Sql + "\nselect " + GrantRow.Columns + """
            , p.key, coalesce(x.moved, 0), coalesce(x.rolled, 0), coalesce(x.expired, 0), coalesce(x.taken, 0)
            from chosen c join grants g on g.tenant_id = $1 and g.id = c.id join pools p on p.tenant_id = g.tenant_id and p.pool_id = g.pool_id
            left join gone x on x.grant_id = g.id
            order by c.depth, g.id
            """;
        return read.Connection.ListAsync(sql, Read, cancellationToken, read.TenantId, id, Most, Leaving);
    }

    private static GrantFate Read(NpgsqlDataReader row) => new(
        GrantRow.Read(row), row.GetString(GrantRow.Width), row.GetDecimal(GrantRow.Width + 1), row.GetDecimal(GrantRow.Width + 2),
        row.GetDecimal(GrantRow.Width + 3), row.GetDecimal(GrantRow.Width + 4));
}
