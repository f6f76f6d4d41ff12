using Npgsql;
using NpgsqlTypes;
using Portal.Domain.Kernel;
using Portal.Domain.Wallet;

namespace Portal.Domain.Payments;

/// <summary>The payment provider that a tenant is to use, whatever the settings say of its currency. What was paid elsewhere stays there.</summary>
public static class PaymentPreference
{
    /// <summary>The key, or null where the tenant has no setting of its own.</summary>
    public static async Task<string?> FindAsync(NpgsqlDataSource source, long tenantId, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        await using var command = source.CreateCommand("select provider from payment_preferences where tenant_id = $1");
        command.Parameters.AddWithValue(tenantId);
        return await command.ExecuteScalarAsync(cancellationToken) as string;
    }

    /// <summary>Sets or (null) clears it; nothing is posted. Refuses: <c>unknown_provider</c>.</summary>
    public static async Task<Result<Done>> SetAsync(WalletTransaction wallet, PaymentProviders providers, string? key, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(wallet);
        ArgumentNullException.ThrowIfNull(providers);
        if (key is not null && providers.Find(key) is null) return Problem.Field("provider", "unknown_provider", $"There is no payment provider '{key}'.");
        await using var command = new NpgsqlCommand(
            key is null
                ? "delete from payment_preferences where tenant_id = $1 and $2::text is null"
                : "insert into payment_preferences (tenant_id, provider) values ($1, $2) on conflict (tenant_id) do update set provider = excluded.provider",
            wallet.Connection);
        command.Parameters.AddWithValue(wallet.TenantId);
        command.Parameters.AddWithValue(NpgsqlDbType.Text, (object?)key ?? DBNull.Value);
        await command.ExecuteNonQueryAsync(cancellationToken);
        return default(Done);
    }
}
