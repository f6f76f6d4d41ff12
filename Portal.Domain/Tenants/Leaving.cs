using Microsoft.EntityFrameworkCore;
using Portal.Domain.Data;

namespace Portal.Domain.Tenants;

/// <summary>A person who goes: memberships end and keep no trace of who it was.</summary>
public sealed class Leaving(IDbContextFactory<PortalDbContext> contexts, TimeProvider time)
{
    /// <summary>Ends every membership of the user and scrubs the address from it. Owners must have handed over before.</summary>
    public async Task LeaveAllAsync(Guid userId, CancellationToken cancellationToken = default)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var now = time.GetUtcNow();
        await db.Database.ExecuteSqlAsync($"""
            update members set removed_at = coalesce(removed_at, {now}), email = 'deleted', user_id = null
            where user_id = {userId}
            """, cancellationToken);
    }
}
