using Npgsql;
using Portal.Domain.Kernel;

namespace Portal.Domain.Data;

/// <summary>
/// A database transaction that touches no wallet: the platform's own rows, the catalogue, tenants that are about to exist.
/// What concerns a wallet goes through <c>Wallets</c> instead.
/// </summary>
public sealed class PlatformTransaction : IAsyncDisposable
{
    private PortalDbContext? db;

    private PlatformTransaction(NpgsqlConnection connection, NpgsqlTransaction transaction)
    {
        Connection = connection;
        Transaction = transaction;
    }

    /// <summary>Its connection.</summary>
    public NpgsqlConnection Connection { get; }

    /// <summary>The transaction on it.</summary>
    public NpgsqlTransaction Transaction { get; }

    /// <summary>Business time (UTC): the database's clock when the transaction began plus the sandbox's offset.</summary>
    public DateTimeOffset Now { get; private set; }

    /// <summary>Who acts, for the audit: <c>key:…</c>, <c>user:…</c>, <c>job</c>.</summary>
    public string? Actor { get; set; }

    /// <summary>EF Core on the same connection and transaction.</summary>
    public PortalDbContext Db => db ??= PortalDbContext.On(Connection, Transaction);

    /// <summary>Runs <paramref name="work"/> in a transaction that commits when it succeeds; else nothing has happened.</summary>
    public static async Task<Result<T>> RunAsync<T>(
        NpgsqlDataSource source, Func<PlatformTransaction, Task<Result<T>>> work, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(work);
        await using var opened = await BeginAsync(source, cancellationToken);
        var result = await work(opened);
        if (!result.Succeeded) return result;
        if (opened.db is not null) await opened.db.SaveChangesAsync(cancellationToken);
        await opened.Transaction.CommitAsync(cancellationToken);
        return result;
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        if (db is not null) await db.DisposeAsync();
        await Transaction.DisposeAsync();
        await Connection.DisposeAsync();
    }

    private static async Task<PlatformTransaction> BeginAsync(NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        var connection = await source.OpenConnectionAsync(cancellationToken);
        try
        {
            var transaction = await connection.BeginTransactionAsync(cancellationToken);
            var opened = new PlatformTransaction(connection, transaction);
            await using var command = new NpgsqlCommand("select now() + clock_offset from platform", connection, transaction);
            opened.Now = new DateTimeOffset((DateTime)(await command.ExecuteScalarAsync(cancellationToken))!, TimeSpan.Zero);
            return opened;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }
}
