using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Components.Authorization;
using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Tenants;

namespace Portal.Web.Access;

/// <summary>How pages read and change webhooks: of a tenant as its admins, of the platform as its operators. The role is asked again for every command.</summary>
public sealed class WebhookCommands(
    NpgsqlDataSource source, TenantReads reads, TenantAccess access, IAuthorizationService authorization, AuthenticationStateProvider authentication)
{
    /// <summary>Reads a tenant's, behind the page's fence; null: the platform's.</summary>
    public async Task<T> ReadAsync<T>(CurrentTenant? tenant, Func<NpgsqlConnection, Task<T>> read, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(read);
        if (tenant is not null) return await reads.RunAsync(tenant.Id, opened => read(opened.Connection), cancellationToken);
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        return await read(connection);
    }

    /// <summary>Runs a command on a tenant's, or, null, on the platform's. Besides what it refuses: <c>not_a_member</c>, <c>role_required</c>.</summary>
    public async Task<Result<T>> RunAsync<T>(CurrentTenant? tenant, Func<PlatformTransaction, Task<Result<T>>> command)
    {
        ArgumentNullException.ThrowIfNull(command);
        if (tenant is not null && (await access.RequireAsync(tenant, MemberRole.Admin)).Problem is { } problem) return problem;
        var user = (await authentication.GetAuthenticationStateAsync()).User;
        if (tenant is null && !(await authorization.AuthorizeAsync(user, Policies.Operator)).Succeeded)
            return Problem.Forbidden("role_required", "This needs the role operator. Nothing was changed.");
        return await PlatformTransaction.RunAsync(source, platform =>
        {
            platform.Actor = $"user:{user.UserId():N}";
            return command(platform);
        });
    }
}
