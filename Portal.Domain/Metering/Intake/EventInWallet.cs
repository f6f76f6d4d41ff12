using Npgsql;
using Portal.Domain.Metering.Meters;
using Portal.Domain.Wallet;

namespace Portal.Domain.Metering.Intake;

/// <summary>Takes one event inside a transaction that holds its wallet, exactly as a batch of the intake would.</summary>
internal static class EventInWallet
{
    /// <summary>
    /// Decides the event: its <see cref="UsageEvent.Status"/> says how. What was drawn is written with the wallet; the event, its identity
    /// and its hour are written here. Consumers that it names first are made, so a caller that then refuses must not commit.
    /// </summary>
    /// <param name="wallet">The wallet.</param>
    /// <param name="usage">The event.</param>
    /// <param name="catalogue">Measures and rates it.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <param name="at">The instant whose grants are drawn; null for now.</param>
    public static async Task TakeAsync(
        WalletTransaction wallet, UsageEvent usage, Catalogue catalogue, CancellationToken cancellationToken, DateTimeOffset? at = null)
    {
        var parts = new IntakeRequest([usage]).Parts;
        var known = await IntakeTransaction.KnownAsync(wallet.Connection, wallet.Transaction, usage, cancellationToken);
        var taking = new WalletTaking(wallet, catalogue, known, at);
        await taking.PrepareAsync(parts, cancellationToken);
        await taking.TakeAsync(parts, cancellationToken);
        var rollup = new Rollup();
        taking.AddTo(rollup);
        await using (var batch = new NpgsqlBatch(wallet.Connection, wallet.Transaction))
        {
            EventRows.AddTo(batch, taking.Rows);
            rollup.AddTo(batch);
            taking.AddTo(batch);
            if (batch.BatchCommands.Count > 0) await batch.ExecuteNonQueryAsync(cancellationToken);
        }

        if (taking.Decided)
        {
            if (wallet.Wallet.ConfigurationChanged) await wallet.ReloadDirectoryAsync(cancellationToken);
            await wallet.SettleAsync(cancellationToken);
        }

        await IntakeTransaction.FillDuplicatesAsync(wallet.Connection, wallet.Transaction, parts, cancellationToken);
    }
}
