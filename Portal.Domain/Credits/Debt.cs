namespace Portal.Domain.Wallet;

/// <summary>
/// Credits used beyond the grants: an open segment of the interval that was drawn, with its product. Settled from its front, oldest first.
/// </summary>
public sealed class Debt
{
    /// <summary>Oldest first: the order of settlement.</summary>
    public static readonly Comparison<Debt> OldestFirst = (x, y) =>
    {
        var order = x.IncurredAt.CompareTo(y.IncurredAt);
        if (order == 0) order = CompareIds(x.TransactionId, y.TransactionId);
        if (order == 0) order = x.Line.CompareTo(y.Line);
        return order == 0 ? x.Began.CompareTo(y.Began) : order;
    };

    /// <summary>The transaction that drew it, or took disputed money.</summary>
    public required Guid TransactionId { get; init; }

    /// <summary>Line of the draw that incurred it.</summary>
    public required int Line { get; init; }

    /// <summary>Where in the interval the segment began.</summary>
    public decimal Began { get; init; }

    /// <summary>The pool whose grants settle it: the one drawn, or the shared pool once that was closed.</summary>
    public required int PoolId { get; set; }

    /// <summary>Only grants that match it settle the debt; null: any.</summary>
    public required string? Product { get; init; }

    /// <summary>Open from here, within the interval.</summary>
    public required decimal From { get; set; }

    /// <summary>Open to here.</summary>
    public required decimal To { get; set; }

    /// <summary>Credits still owed.</summary>
    public decimal Open => To - From;

    /// <summary>When it was incurred.</summary>
    public required DateTimeOffset IncurredAt { get; init; }

    /// <summary>The segment from a place on.</summary>
    internal Debt Rest(decimal from) => new()
    {
        TransactionId = TransactionId,
        Line = Line,
        Began = from,
        PoolId = PoolId,
        Product = Product,
        From = from,
        To = To,
        IncurredAt = IncurredAt,
    };

    // As PostgreSQL orders them.
    private static int CompareIds(Guid x, Guid y)
    {
        Span<byte> left = stackalloc byte[16], right = stackalloc byte[16];
        x.TryWriteBytes(left, bigEndian: true, out _);
        y.TryWriteBytes(right, bigEndian: true, out _);
        return left.SequenceCompareTo(right);
    }
}
