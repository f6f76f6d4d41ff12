using Npgsql;
using Portal.Domain.Data;

namespace Portal.Domain.Payments;

/// <summary>Reads payments.</summary>
public static class PaymentQuery
{
    private const string Select = """
        select tenant_id, id, provider, provider_payment, attempt_id, checkout_id, currency::text, captured, refunded, disputed, reinstated, received_at
        from payments where tenant_id = $1
        """;

    /// <summary>Payments of a tenant, newest first.</summary>
    /// <param name="read">The tenant's snapshot.</param>
    /// <param name="after">The last of the page before; null: the first page.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public static Task<List<Payment>> ListAsync(TenantRead read, Guid? after, int limit, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(read);
        return read.Connection.ListAsync(
            Select + " and id < $2 order by id desc limit $3", Read, cancellationToken, read.TenantId, after ?? Guid.AllBitsSet, limit);
    }

    /// <summary>One payment of a tenant, or null.</summary>
    public static Task<Payment?> FindAsync(TenantRead read, Guid id, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(read);
        return read.Connection.FindAsync(Select + " and id = $2", Read, cancellationToken, read.TenantId, id);
    }

    private static Payment Read(NpgsqlDataReader row) => new()
    {
        TenantId = row.GetInt64(0),
        Id = row.GetGuid(1),
        Provider = row.GetString(2),
        ProviderPayment = row.GetString(3),
        AttemptId = row.Nullable<Guid?>(4),
        CheckoutId = row.Nullable<Guid?>(5),
        Currency = row.GetString(6),
        Captured = row.GetDecimal(7),
        Refunded = row.GetDecimal(8),
        Disputed = row.GetDecimal(9),
        Reinstated = row.GetDecimal(10),
        ReceivedAt = row.GetFieldValue<DateTimeOffset>(11),
    };
}
