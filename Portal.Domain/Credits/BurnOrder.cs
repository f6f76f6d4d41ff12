using System.Numerics;

namespace Portal.Domain.Wallet;

/// <summary>
/// The order in which grants are drawn, total, the same for drawing, display and expiry (domain.md §4): priority, restricted
/// before unrestricted, earliest expiry, lowest cost basis, earliest effect, id.
/// </summary>
public sealed class BurnOrder : IComparer<Grant>
{
    /// <summary>The one instance.</summary>
    public static readonly BurnOrder Instance = new();

    /// <inheritdoc />
    public int Compare(Grant? x, Grant? y)
    {
        if (ReferenceEquals(x, y)) return 0;
        if (x is null) return -1;
        if (y is null) return 1;
        var order = x.Priority.CompareTo(y.Priority);
        if (order == 0) order = (x.Products is null).CompareTo(y.Products is null);
        if (order == 0) order = (x.ExpiresAt ?? DateTimeOffset.MaxValue).CompareTo(y.ExpiresAt ?? DateTimeOffset.MaxValue);
        if (order == 0) order = CompareCostBasis(x, y);
        if (order == 0) order = x.EffectiveAt.CompareTo(y.EffectiveAt);
        return order == 0 ? CompareAsPostgres(x.Id, y.Id) : order;
    }

    // value / amount, cross-multiplied: no quotient is ever rounded. Decimals of nine places are whole numbers of nanos.
    private static int CompareCostBasis(Grant x, Grant y)
    {
        if (x.Value == 0m || y.Value == 0m) return x.Value.CompareTo(y.Value);
        return (Nanos(x.Value) * Nanos(y.Amount)).CompareTo(Nanos(y.Value) * Nanos(x.Amount));
    }

    private static BigInteger Nanos(decimal amount) => new(amount * 1_000_000_000m);

    private static int CompareAsPostgres(Guid x, Guid y)
    {
        Span<byte> left = stackalloc byte[16], right = stackalloc byte[16];
        x.TryWriteBytes(left, bigEndian: true, out _);
        y.TryWriteBytes(right, bigEndian: true, out _);
        return left.SequenceCompareTo(right);
    }
}
