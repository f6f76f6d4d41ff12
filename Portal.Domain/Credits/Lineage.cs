using Portal.Domain.Data;

namespace Portal.Domain.Wallet;

/// <summary>
/// All grants that came of one sale: what was sold, its bonus, and whatever was split, transferred, rolled or restored from them since,
/// closed ones too. Loaded under the wallet's lock in one query.
/// </summary>
public sealed class Lineage
{
    // Up from what was named to what was sold, then down again; the parent of a bonus is what was sold with it.
    private const string Descend = """
        down as (
          select id from sold union
          select g.id from grants g join down d on g.tenant_id = $1 and g.parent_id = d.id)
        select
        """ + " " + GrantRow.Columns + " from down d join grants g on g.tenant_id = $1 and g.id = d.id order by g.created_at, g.id";

    private const string OfGrant = """
        with recursive up as (
          select id, parent_id from grants where tenant_id = $1 and id = $2 union
          select g.id, g.parent_id from grants g join up u on g.tenant_id = $1 and g.id = u.parent_id),
        sold as (select id from up where parent_id is null),
        """ + Descend;

    private const string OfReference = """
        with recursive sold as (select id from grants where tenant_id = $1 and reference = $2 and parent_id is null),
        """ + Descend;

    private Lineage(IReadOnlyList<Grant> grants)
    {
        Grants = grants;
        Sold = grants.First(grant => grant.ParentId is null);
    }

    /// <summary>The grant that was sold.</summary>
    public Grant Sold { get; }

    /// <summary>All of them, oldest first.</summary>
    public IReadOnlyList<Grant> Grants { get; }

    /// <summary>In the order in which credits are taken back: those that usage would draw last go first.</summary>
    public IEnumerable<Grant> LastDrawnFirst => Grants.OrderDescending(BurnOrder.Instance);

    /// <summary>The lineage of which a grant is part; null when there is no such grant.</summary>
    public static Task<Lineage?> OfGrantAsync(WalletTransaction wallet, Guid grantId, CancellationToken cancellationToken = default) =>
        LoadAsync(wallet, OfGrant, grantId, cancellationToken);

    /// <summary>The lineage of what was sold under a reference; null when nothing was.</summary>
    public static Task<Lineage?> OfReferenceAsync(WalletTransaction wallet, string reference, CancellationToken cancellationToken = default) =>
        LoadAsync(wallet, OfReference, reference, cancellationToken);

    // What was decided so far is written first, so that the rows say it; open grants are those that the wallet holds already.
    private static async Task<Lineage?> LoadAsync(WalletTransaction wallet, string sql, object of, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(wallet);
        await wallet.WriteAsync(cancellationToken);
        var open = wallet.Wallet.Grants.ToDictionary(grant => grant.Id);
        var rows = await wallet.Connection.ListAsync(sql, GrantRow.Read, cancellationToken, wallet.TenantId, of);
        return rows.Count == 0 ? null : new Lineage([.. rows.Select(row => open.GetValueOrDefault(row.Id) ?? row)]);
    }
}
