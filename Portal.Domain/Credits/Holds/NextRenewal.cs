using Portal.Domain.Data;

namespace Portal.Domain.Wallet;

/// <summary>When a subscription that goes on makes room again: asked only to tell it to whoever was refused.</summary>
/// <param name="PeriodEndsAt">The billing period ends: what accrued counts from 0.</param>
/// <param name="GrantsAt">It grants included credits next; null when its plan includes none.</param>
internal sealed record NextRenewal(DateTimeOffset PeriodEndsAt, DateTimeOffset? GrantsAt)
{
    // Included credits last until the next of them come, which may be more often than the period.
    private const string Sql = """
        select s.period_ends_at, case when exists (
            select from plan_versions v, json_array_elements(v.definition -> 'items') i
            where v.plan = s.plan and v.version = s.plan_version and i ->> 'type' = 'included_credits')
          then least(s.period_ends_at, (
            select min(g.expires_at) from grants g where g.tenant_id = s.tenant_id and g.source = 'plan' and g.lineage is distinct from 'merged' and g.expires_at > $2)) end
        from subscriptions s
        where s.tenant_id = $1 and s.state <> 'cancelled' and s.period_ends_at > $2 and coalesce(least(s.cancel_at, s.pause_at) > s.period_ends_at, true)
        """;

    public static Task<NextRenewal?> FindAsync(WalletTransaction wallet, CancellationToken cancellationToken) => wallet.Connection.FindAsync(
        Sql, row => new NextRenewal(row.GetFieldValue<DateTimeOffset>(0), row.Nullable<DateTimeOffset?>(1)), cancellationToken, wallet.TenantId, wallet.Now);
}
