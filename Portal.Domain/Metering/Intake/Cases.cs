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
    /// Finds the cases that the events of a locked wallet belong to or would open. Asked only when the tenant has a rule; null when none belongs
    /// to a case. What belongs to one becomes work that draws nothing.
    /// </summary>
    Task<ICaseTaking?> OpenAsync(WalletTransaction wallet, IReadOnlyList<UsageEvent> events, CancellationToken cancellationToken);
}

/// <summary>The cases of one locked wallet while a batch is taken.</summary>
public interface ICaseTaking
{
    /// <summary>An event was taken: its cases have it from now on.</summary>
    void Take(UsageEvent usage);

    /// <summary>Decides the cases that changed and says when they fall due.</summary>
    void Decide();

    /// <summary>Adds the statements that write the cases and their events; none for none.</summary>
    void AddTo(NpgsqlBatch batch);
}
