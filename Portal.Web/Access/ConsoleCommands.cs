using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Components.Authorization;
using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Pricing;
using Portal.Domain.Tenants;

namespace Portal.Web.Access;

/// <summary>How the console changes the platform: the role is asked again, and the audit says who did it.</summary>
public sealed class ConsoleCommands(NpgsqlDataSource source, IAuthorizationService authorization, AuthenticationStateProvider authentication)
{
    /// <summary>Runs a command that touches no wallet. Besides what the command refuses: <c>role_required</c>.</summary>
    public async Task<Result<T>> RunAsync<T>(Func<PlatformTransaction, Task<Result<T>>> command)
    {
        ArgumentNullException.ThrowIfNull(command);
        var user = (await authentication.GetAuthenticationStateAsync()).User;
        if (!(await authorization.AuthorizeAsync(user, Policies.Operator)).Succeeded)
            return Problem.Forbidden("role_required", "This needs the role operator. Nothing was changed.");
        return await PlatformTransaction.RunAsync(source, async platform =>
        {
            platform.Actor = $"user:{user.UserId():N}";
            return await command(platform);
        });
    }

    /// <summary>Changes the catalogue, with a line in the platform's audit.</summary>
    /// <param name="action">What: <c>card.published</c>.</param>
    /// <param name="subject">Of which thing.</param>
    /// <param name="command">The change.</param>
    public Task<Result<T>> InCatalogueAsync<T>(string action, string subject, Func<CatalogueChange, Task<Result<T>>> command)
    {
        ArgumentNullException.ThrowIfNull(command);
        return RunAsync<T>(async platform =>
        {
            var change = await CatalogueChange.BeginAsync(platform);
            var result = await command(change);
            if (result.Succeeded) await Audit.WriteAsync(platform.Connection, 0, change.Now, platform.Actor, action, subject, new { change.Version }, CancellationToken.None);
            return result;
        });
    }
}
