using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Wallet;

namespace Portal.Domain.Tenants;

/// <summary>What a person chose to see of usage, under a name.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">1 to 200 characters.</param>
/// <param name="Query">The query of the page's address, beginning with <c>?</c>; empty for the page as it opens.</param>
/// <param name="IsShared">Whether everybody of the company has it in the list.</param>
/// <param name="IsOwn">Whether it is the reader's own.</param>
public sealed record SavedView(Guid Id, string Name, string Query, bool IsShared, bool IsOwn);

/// <summary>Commands on saved views of usage.</summary>
public static class SavedViews
{
    /// <summary>Most views that one person keeps.</summary>
    public const int Most = 50;

    private const int LongestQuery = 2000;

    /// <summary>A member's own views and those shared with everybody, by name.</summary>
    public static Task<List<SavedView>> ListAsync(TenantRead read, Guid memberId, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(read);
        return read.Connection.ListAsync(
            """
            select id, name, query, is_shared, member_id = $2 from saved_views
            where tenant_id = $1 and (member_id = $2 or is_shared) order by lower(name), id
            """,
            row => new SavedView(row.GetGuid(0), row.GetString(1), row.GetString(2), row.GetBoolean(3), row.GetBoolean(4)), cancellationToken, read.TenantId, memberId);
    }

    /// <summary>Keeps a view; one of the same name and person is replaced. Refuses <c>invalid_name</c>, <c>invalid_view</c>, <c>too_many_views</c>.</summary>
    public static async Task<Result<SavedView>> SaveAsync(
        WalletTransaction wallet, Guid memberId, string name, string query, bool isShared, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(wallet);
        ArgumentNullException.ThrowIfNull(query);
        var trimmed = name?.Trim() ?? "";
        if (!Texts.IsName(trimmed)) return Problem.Field("name", "invalid_name", "The name must be 1 to 200 characters, without control characters.");
        if (query.Length > LongestQuery || query.Length > 0 && query[0] != '?' || query.Any(char.IsControl))
            return Problem.Field("query", "invalid_view", $"A view is the query of the page's address, at most {LongestQuery} characters.");
        var others = await wallet.Connection.ListAsync(
            "select name from saved_views where tenant_id = $1 and member_id = $2", row => row.GetString(0), cancellationToken, wallet.TenantId, memberId);
        if (others.Count(other => other != trimmed) >= Most) return Problem.Conflict("too_many_views", $"A person keeps at most {Most} views. Delete one first.");
        var id = (await wallet.Connection.ListAsync(
            """
            insert into saved_views (tenant_id, id, member_id, name, query, is_shared, created_at) values ($1, $2, $3, $4, $5, $6, $7)
            on conflict (tenant_id, member_id, name) do update set query = excluded.query, is_shared = excluded.is_shared returning id
            """,
            row => row.GetGuid(0), cancellationToken, wallet.TenantId, Uuid7.At(wallet.Now), memberId, trimmed, query, isShared, wallet.Now)).Single();
        await wallet.AuditAsync("view.saved", trimmed, new { isShared }, cancellationToken);
        return new SavedView(id, trimmed, query, isShared, IsOwn: true);
    }

    /// <summary>Forgets a person's own view. Refuses <c>unknown_view</c>, which one of somebody else is too.</summary>
    public static async Task<Result<bool>> DeleteAsync(WalletTransaction wallet, Guid memberId, Guid id, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(wallet);
        var name = (await wallet.Connection.ListAsync(
            "delete from saved_views where tenant_id = $1 and member_id = $2 and id = $3 returning name", row => row.GetString(0), cancellationToken,
            wallet.TenantId, memberId, id)).FirstOrDefault();
        if (name is null) return Problem.NotFound("unknown_view", "There is no such view of yours.");
        await wallet.AuditAsync("view.deleted", name, null, cancellationToken);
        return true;
    }
}
