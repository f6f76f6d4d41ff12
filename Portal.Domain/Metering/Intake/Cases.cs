using Npgsql;
using Portal.Domain.Wallet;

namespace Portal.Domain.Metering.Intake;

/// <summary>Reads the rules that sort usage into cases. Outcomes do it; the catalogue only asks, once for each of its versions.</summary>
public interface ICaseRulesReading
{
    /// <summary>All rules as they are in the snapshot.</summary>
    Task<ICaseRules> ReadAsync(NpgsqlConnection connection, CancellationToken cancellationToken);
}

/// <summary>The rules of one catalogue version. Immutable.</summary>
public interface ICaseRules
{
    /// <summary>
    /// Finds the cases that a tenant's events belong to or would open. Asked only when the tenant has a rule; null when none belongs
    /// to a case. What belongs to one becomes work that draws nothing. Under the wallet's lock when the events are taken, without when they are estimated.
    /// </summary>
    /// <param name="connection">Where the cases are read.</param>
    /// <param name="directory">The tenant's.</param>
    /// <param name="events">Events of the tenant.</param>
    /// <param name="window">Instants of what may be taken; other events are left alone.</param>
    /// <param name="cancellationToken">Stops it.</param>
    Task<ICaseTaking?> OpenAsync(
        NpgsqlConnection connection, WalletDirectory directory, IReadOnlyList<UsageEvent> events, IntakeWindow window, CancellationToken cancellationToken);
}

/// <summary>Instants of events that may be taken, both included.</summary>
/// <param name="Earliest">What is older is too old.</param>
/// <param name="Latest">What is later is in the future.</param>
public readonly record struct IntakeWindow(DateTimeOffset Earliest, DateTimeOffset Latest)
{
    /// <summary>How far an event may be ahead of the server's clock.</summary>
    public static readonly TimeSpan Ahead = TimeSpan.FromMinutes(5);

    /// <summary>The window at an instant.</summary>
    public static IntakeWindow At(DateTimeOffset now, TimeSpan length) => new(now - length, now + Ahead);
}

/// <summary>The cases of one wallet while a batch is taken.</summary>
public interface ICaseTaking
{
    /// <summary>An event was taken: its cases have it from now on.</summary>
    void Take(UsageEvent usage);

    /// <summary>Decides the cases that changed and says when they fall due.</summary>
    void Decide(WalletTransaction wallet);

    /// <summary>Adds the statements that write the cases and their events; none for none.</summary>
    void AddTo(NpgsqlBatch batch, WalletTransaction wallet);
}
