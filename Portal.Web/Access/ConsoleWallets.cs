using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Components.Authorization;
using Portal.Domain.Kernel;
using Portal.Domain.Wallet;

namespace Portal.Web.Access;

/// <summary>How the console changes a tenant: the role is asked again, the wallet is locked, and the ledger and the audit say who did it.</summary>
public sealed class ConsoleWallets(Wallets wallets, IAuthorizationService authorization, AuthenticationStateProvider authentication)
{
    /// <summary>Runs a command. Besides what the command refuses: <c>role_required</c>.</summary>
    public async Task<Result<T>> RunAsync<T>(long tenantId, Func<WalletTransaction, Task<Result<T>>> command)
    {
        ArgumentNullException.ThrowIfNull(command);
        var user = (await authentication.GetAuthenticationStateAsync()).User;
        if (!(await authorization.AuthorizeAsync(user, Policies.Operator)).Succeeded)
            return Problem.Forbidden("role_required", "This needs the role operator. Nothing was changed.");
        return await wallets.RunAsync(tenantId, wallet =>
        {
            wallet.Actor = $"user:{user.UserId():N}";
            return command(wallet);
        });
    }
}
