namespace Portal.Domain.Wallet;

/// <summary>Where in the order of one instant (domain.md §4) something is done.</summary>
public enum DuePlace
{
    /// <summary>Before the billing period that ends is closed: what it still owes for its usage.</summary>
    PeriodEnd,

    /// <summary>After grants have come and debts are settled: usage that the engine writes of itself at that instant.</summary>
    Last,
}

/// <summary>Something that falls due for one wallet while it is settled.</summary>
public interface IDue
{
    /// <summary>Its place among what falls due at the same instant.</summary>
    DuePlace Place { get; }

    /// <summary>The next instant at which it has something to do; null: none is known.</summary>
    DateTimeOffset? NextAt { get; }

    /// <summary>Does what is due at that instant; afterwards <see cref="NextAt"/> lies later.</summary>
    Task RunAsync(DateTimeOffset at, CancellationToken cancellationToken);
}

/// <summary>
/// Who knows of something that falls due for a wallet besides its grants, holds and subscription. Whoever makes something that falls due
/// says so with <see cref="WalletState.DueNoLaterThan"/>: until then nobody is asked.
/// </summary>
public interface IDueSource
{
    /// <summary>What is open for the wallet, due or not yet; null for nothing.</summary>
    Task<IDue?> FindAsync(WalletTransaction wallet, CancellationToken cancellationToken);
}

/// <summary>Everybody who is asked what falls due for a wallet.</summary>
/// <param name="renewals">Its subscription.</param>
/// <param name="sources">The others.</param>
public sealed class DueWork(IRenewals renewals, IEnumerable<IDueSource> sources)
{
    private readonly IDueSource[] sources = [.. sources];

    /// <summary>Its subscription.</summary>
    public IRenewals Renewals => renewals;

    /// <summary>What is open for the wallet.</summary>
    internal async Task<IReadOnlyList<IDue>> FindAsync(WalletTransaction wallet, CancellationToken cancellationToken)
    {
        var found = new List<IDue>();
        foreach (var source in sources)
        {
            if (await source.FindAsync(wallet, cancellationToken) is { } due) found.Add(due);
        }

        return found;
    }
}
