using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;

namespace Portal.Domain.Wallet;

/// <summary>Opens wallets: the one way to change what a tenant has.</summary>
public sealed class Wallets(NpgsqlDataSource source, WalletDirectories directories, WalletSignals signals, IDebtAttribution attribution, DueWork due) : ISettlesDue
{
    private const int Attempts = 5;

    /// <summary>
    /// Locks the wallet, settles what is due, runs <paramref name="work"/> and commits if it succeeded; else nothing has happened.
    /// Deadlocks and serialisation failures are retried, so <paramref name="work"/> may run more than once.
    /// </summary>
    /// <returns>What <paramref name="work"/> answered, or <c>unknown_tenant</c>.</returns>
    public Task<Result<T>> RunAsync<T>(long tenantId, Func<WalletTransaction, Task<Result<T>>> work, CancellationToken cancellationToken = default) =>
        RunAsync(tenantId, before: null, work, cancellationToken);

    /// <summary>
    /// The same, but <paramref name="before"/> runs first, in the transaction and before the wallet is locked; when it answers, that is the
    /// answer and nothing is locked or changed.
    /// </summary>
    public async Task<Result<T>> RunAsync<T>(
        long tenantId, Func<NpgsqlConnection, Task<Result<T>?>>? before, Func<WalletTransaction, Task<Result<T>>> work,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(work);
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await TryAsync(tenantId, work, before, cancellationToken);
            }
            catch (PostgresException exception) when (attempt < Attempts && IsTransient(exception))
            {
                await Task.Delay(Random.Shared.Next(5, 20 * attempt), cancellationToken);
            }
        }
    }

    /// <summary>Settles what is due for a tenant that nobody touches.</summary>
    public Task<Result<Done>> SettleAsync(long tenantId, CancellationToken cancellationToken = default) =>
        RunAsync(tenantId, _ => Task.FromResult<Result<Done>>(default(Done)), cancellationToken);

    /// <inheritdoc />
    public Task SettleDueAsync(long tenantId, CancellationToken cancellationToken) => SettleAsync(tenantId, cancellationToken);

    /// <summary>True for failures that a second try may not meet.</summary>
    public static bool IsTransient(PostgresException exception)
    {
        ArgumentNullException.ThrowIfNull(exception);
        return exception.SqlState is PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure;
    }

    /// <summary>Runs <paramref name="work"/> as <see cref="RunAsync{T}(long, Func{WalletTransaction, Task{Result{T}}}, CancellationToken)"/> does and takes all of it back: what it answers is what would be.</summary>
    public async Task<Result<T>> PreviewAsync<T>(long tenantId, Func<WalletTransaction, Task<Result<T>>> work, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(work);
        await using var wallet = await OpenAsync(tenantId, _ => Task.FromResult(true), cancellationToken);
        return wallet is null ? Problem.NotFound("unknown_tenant", "There is no such tenant.") : await work(wallet);
    }

    private async Task<Result<T>> TryAsync<T>(
        long tenantId, Func<WalletTransaction, Task<Result<T>>> work, Func<NpgsqlConnection, Task<Result<T>?>>? before, CancellationToken cancellationToken)
    {
        Result<T>? early = null;
        await using var wallet = await OpenAsync(
            tenantId,
            async connection => (early = before is null ? null : await before(connection)) is null,
            cancellationToken);
        if (early is { } answer) return answer;
        if (wallet is null) return Problem.NotFound("unknown_tenant", "There is no such tenant.");
        var result = await work(wallet);
        if (!result.Succeeded) return result;
        await wallet.CommitAsync(cancellationToken);
        signals.Changed(tenantId);
        return result;
    }

    private async Task<WalletTransaction?> OpenAsync(long tenantId, Func<NpgsqlConnection, Task<bool>> goOn, CancellationToken cancellationToken)
    {
        var connection = await source.OpenConnectionAsync(cancellationToken);
        NpgsqlTransaction? transaction = null;
        try
        {
            transaction = await connection.BeginTransactionAsync(cancellationToken);
            if (await goOn(connection)
                && await LockAsync(connection, transaction, [tenantId], cancellationToken) is var (wallets, clock)
                && wallets.TryGetValue(tenantId, out var wallet))
            {
                var directory = await directories.OfVersionAsync(connection, transaction, tenantId, wallet.ConfigVersion, cancellationToken);
                var opened = new WalletTransaction(connection, transaction, wallet, directory, clock, attribution, due);
                await opened.SettleAsync(cancellationToken);
                return opened;
            }
        }
        catch
        {
            if (transaction is not null) await transaction.DisposeAsync();
            await connection.DisposeAsync();
            throw;
        }

        await transaction.DisposeAsync();
        await connection.DisposeAsync();
        return null;
    }

    private static async Task<(Dictionary<long, WalletState> Wallets, PostingClock Clock)> LockAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, long[] tenantIds, CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(connection, transaction);
        WalletReader.AddTo(batch, tenantIds, skipLocked: false);
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        return await WalletReader.ReadAsync(reader, cancellationToken);
    }
}
