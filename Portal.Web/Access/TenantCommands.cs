using Portal.Domain.Kernel;
using Portal.Domain.Tenants;
using Portal.Domain.Wallet;

namespace Portal.Web.Access;

/// <summary>How pages change a tenant: the role is read again, the wallet is locked, and the ledger and the audit say who did it.</summary>
public sealed class TenantCommands(TenantAccess access, Wallets wallets)
{
    /// <summary>Runs a command for the signed-in person. Besides what the command refuses: <c>not_a_member</c>, <c>role_required</c>.</summary>
    /// <param name="tenant">The tenant as the page was drawn.</param>
    /// <param name="role">What the person must be at least.</param>
    /// <param name="command">The command; it may run more than once.</param>
    public async Task<Result<T>> RunAsync<T>(CurrentTenant tenant, MemberRole role, Func<WalletTransaction, Task<Result<T>>> command)
    {
        ArgumentNullException.ThrowIfNull(tenant);
        ArgumentNullException.ThrowIfNull(command);
        var membership = await access.RequireAsync(tenant, role);
        if (!membership.Succeeded) return membership.Problem!;
        return await wallets.RunAsync(tenant.Id, wallet =>
        {
            wallet.Actor = $"user:{tenant.UserId:N}";
            return command(wallet);
        });
    }
}
