using Portal.Domain.Data;
using Portal.Domain.Tenants;
using Portal.Domain.Wallet;
using Portal.Web.Access;
using Portal.Web.Components.Shared;

namespace Portal.Web.Components.TenantPages;

/// <summary>A grant of the list.</summary>
/// <param name="Grant">The grant.</param>
/// <param name="Pool">Key of its pool.</param>
/// <param name="Turn">Its place among those of its pool that can be spent now, from 1; null for others.</param>
/// <param name="HasFamily">It came from another grant, or others came from it.</param>
public sealed record GrantLine(Grant Grant, string Pool, int? Turn, bool HasFamily);

/// <summary>What the Grants page shows, read in one snapshot.</summary>
/// <param name="Version">The wallet's version that it shows.</param>
/// <param name="Now">Business time of the snapshot.</param>
/// <param name="Pools">Pools of the filter: keys and names.</param>
/// <param name="Summary">What all grants that can be used come to.</param>
/// <param name="Lines">The grants of the filter in burn order.</param>
public sealed record GrantsData(
    long Version, DateTimeOffset Now, IReadOnlyList<(string Value, string Text)> Pools, GrantsSummary Summary, IReadOnlyList<GrantLine> Lines)
{
    private const string FamilySql = """
        select g.id from grants g where g.tenant_id = $1 and g.id = any($2)
          and (g.parent_id is not null or exists (select from grants c where c.tenant_id = $1 and c.parent_id = g.id))
        """;

    /// <summary>Reads it for the role that the person has: a member's own pool only.</summary>
    public static Task<GrantsData> ReadAsync(TenantReads reads, CurrentTenant tenant, TableQuery query, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(reads);
        ArgumentNullException.ThrowIfNull(tenant);
        ArgumentNullException.ThrowIfNull(query);
        return reads.RunAsync(tenant.Id, read => ReadAsync(read, tenant, query, cancellationToken), cancellationToken);
    }

    /// <summary>The page of lines that a query means, and the cursor of the next.</summary>
    public Slice<GrantLine> Page(TableQuery query)
    {
        ArgumentNullException.ThrowIfNull(query);
        var skip = Guid.TryParseExact(query.After, "N", out var after) ? Lines.Index().FirstOrDefault(line => line.Item.Grant.Id == after, (-1, null!)).Index + 1 : 0;
        var page = Lines.Skip(skip).Take(query.Size).ToArray();
        return new Slice<GrantLine>(page, skip + page.Length < Lines.Count ? page[^1].Grant.Id.ToString("N") : null);
    }

    private static async Task<GrantsData> ReadAsync(TenantRead read, CurrentTenant tenant, TableQuery query, CancellationToken cancellationToken)
    {
        var own = tenant.May(MemberRole.Billing) ? null : (await OwnUsage.OfAsync(read, tenant.MemberId, cancellationToken)).Pool;
        var pools = await read.Connection.ListAsync(
            "select key, name from pools where tenant_id = $1 and ($2 = '' or key = $2) order by pool_id <> 1, name, key",
            row => (Value: row.GetString(0), Text: row.GetString(1)), cancellationToken, read.TenantId, own ?? "");
        var open = await GrantQuery.ListAsync(read, new GrantFilter(own, Standing: GrantStanding.Open), cancellationToken);
        var turns = open.Where(grant => grant.Grant.IsLive(read.Now)).GroupBy(grant => grant.Pool, StringComparer.Ordinal)
            .SelectMany(pool => pool.Select((grant, place) => (grant.Grant.Id, Turn: place + 1))).ToDictionary(grant => grant.Id, grant => grant.Turn);
        var filter = new GrantFilter(own ?? query["pool"], query["source"], GrantText.StandingOf(query["state"]));
        var shown = await GrantQuery.ListAsync(read, filter, cancellationToken);
        var related = await read.Connection.ListAsync(FamilySql, row => row.GetGuid(0), cancellationToken, read.TenantId, shown.Select(grant => grant.Grant.Id).ToArray());
        var families = related.ToHashSet();
        return new GrantsData(
            read.Version, read.Now, pools, GrantsSummary.Of(open, read.Now),
            [.. shown.Select(grant => new GrantLine(grant.Grant, grant.Pool, turns.TryGetValue(grant.Grant.Id, out var turn) ? turn : null, families.Contains(grant.Grant.Id)))]);
    }
}

/// <summary>What all grants that can be used come to.</summary>
/// <param name="Spendable">Credits that can be spent now.</param>
/// <param name="Lots">How many grants these are.</param>
/// <param name="ToCome">Credits that take effect later.</param>
/// <param name="Next">When the first of these does.</param>
/// <param name="Expiry">The next credits to expire.</param>
public sealed record GrantsSummary(decimal Spendable, int Lots, decimal ToCome, DateTimeOffset? Next, NextExpiry? Expiry)
{
    /// <summary>Of grants that have credits left.</summary>
    public static GrantsSummary Of(IReadOnlyList<PooledGrant> open, DateTimeOffset now)
    {
        var live = open.Where(grant => grant.Grant.IsLive(now)).Select(grant => grant.Grant).ToArray();
        var later = open.Where(grant => grant.Grant.EffectiveAt > now).Select(grant => grant.Grant).ToArray();
        var expiring = live.Where(grant => grant.ExpiresAt is not null).GroupBy(grant => grant.ExpiresAt!.Value).MinBy(at => at.Key);
        return new(
            live.Sum(grant => grant.Remaining), live.Length, later.Sum(grant => grant.Remaining),
            later.Length == 0 ? null : later.Min(grant => grant.EffectiveAt),
            expiring is null ? null : new NextExpiry(expiring.Key, expiring.Sum(grant => grant.Remaining)));
    }
}
