namespace Portal.Domain.Wallet;

/// <summary>
/// What the platform does by business time besides settling wallets: it calls others, so it cannot be done under a wallet's lock. A job runs
/// it every minute, the test clock when it was moved. Safe to run twice and at once.
/// </summary>
public interface IPlatformWork
{
    /// <summary>Does what is due now.</summary>
    Task RunAsync(CancellationToken cancellationToken);
}
