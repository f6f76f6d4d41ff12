using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Ledger;

namespace Portal.Domain.Wallet;

/// <summary>
/// One tenant's wallet, locked, settled up to <see cref="Now"/>, inside a database transaction. Commands change the wallet through
/// <see cref="Wallet"/> and post through <see cref="Begin"/>; whoever opened it commits (see <see cref="Wallets"/>).
/// </summary>
public sealed class WalletTransaction : IAsyncDisposable
{
    private readonly IDebtAttribution attribution;
    private readonly DueWork due;
    private PortalDbContext? db;

    internal WalletTransaction(
        NpgsqlConnection connection, NpgsqlTransaction transaction, WalletState wallet, WalletDirectory directory, PostingClock clock, IDebtAttribution attribution,
        DueWork due)
    {
        Connection = connection;
        Transaction = transaction;
        Wallet = wallet;
        Directory = directory;
        Clock = clock;
        this.attribution = attribution;
        this.due = due;
    }

    /// <summary>The tenant.</summary>
    public long TenantId => Wallet.TenantId;

    /// <summary>posted_at of everything posted here: the database's clock, plus the sandbox offset, when the lock was had.</summary>
    public DateTimeOffset Now => Wallet.Now;

    /// <summary>Grants, debts and what is about to be written.</summary>
    public WalletState Wallet { get; }

    /// <summary>Pools, consumers, teams, zone and currency, as they are under the lock.</summary>
    public WalletDirectory Directory { get; private set; }

    /// <summary>Book dates and the catalogue's version.</summary>
    public PostingClock Clock { get; }

    /// <summary>The connection that holds the lock.</summary>
    public NpgsqlConnection Connection { get; }

    /// <summary>The transaction that holds the lock.</summary>
    public NpgsqlTransaction Transaction { get; }

    /// <summary>Who acts, for the ledger and the audit: <c>member:…</c>, <c>key:…</c>, <c>job</c>.</summary>
    public string? Actor { get; set; }

    /// <summary>EF Core on the same connection and transaction.</summary>
    public PortalDbContext Db => db ??= PortalDbContext.On(Connection, Transaction);

    /// <summary>Pools, teams, consumers, zone or currency changed: every node reads them again.</summary>
    public void ConfigurationChanged() => Wallet.ConfigurationChanged = true;

    /// <summary>Reads the directory as it is now in this transaction, after something in it changed that what follows must see.</summary>
    internal async Task ReloadDirectoryAsync(CancellationToken cancellationToken)
    {
        Directory = (await WalletDirectory.ReadAsync(Connection, Transaction, TenantId, cancellationToken))!;
        Wallet.Overage = Directory.Terms?.At(Now);
    }

    /// <summary>Begins a transaction of the ledger; it is written with everything else.</summary>
    /// <param name="kind">What happened.</param>
    /// <param name="occurredAt">When; default now.</param>
    /// <param name="key">Natural key that makes it happen once.</param>
    /// <param name="reference">Public id of the cause.</param>
    /// <param name="reason">A sentence for people.</param>
    public LedgerTransaction Begin(string kind, DateTimeOffset? occurredAt = null, string? key = null, string? reference = null, string? reason = null) =>
        Wallet.Post(new LedgerTransaction(TenantId, kind, occurredAt ?? Now, Now, Clock.BookDate(occurredAt ?? Now))
        {
            IdempotencyKey = key,
            Reference = reference,
            Reason = reason,
            Actor = Actor,
        });

    /// <summary>Does what fell due; again after something was made that falls due before now.</summary>
    public Task SettleAsync(CancellationToken cancellationToken) =>
        Settle.RunAsync(this, due, cancellationToken);

    /// <summary>Settles what open debts the live grants can settle now.</summary>
    public void SettleDebts() =>
        Wallet.SettleDebts(Now, Directory.PoolsById, () => new LedgerTransaction(TenantId, "settlement", Now, Now, Clock.BookDate(Now)) { Actor = Actor });

    /// <summary>
    /// Grants by id, also those from which nothing can be drawn any more, so that credits can go back to them. Those that are unknown are left out.
    /// </summary>
    public async Task<IReadOnlyDictionary<Guid, Grant>> FindGrantsAsync(IEnumerable<Guid> ids, CancellationToken cancellationToken)
    {
        var wanted = ids.ToHashSet();
        var closed = wanted.Except(Wallet.Grants.Select(grant => grant.Id)).ToArray();
        if (closed.Length > 0)
        {
            await using var command = Command("select " + GrantRow.Columns + " from grants g where g.tenant_id = $1 and g.id = any($2)", TenantId, closed);
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken)) Wallet.Track(GrantRow.Read(reader));
        }

        return Wallet.Grants.Where(grant => wanted.Contains(grant.Id)).ToDictionary(grant => grant.Id);
    }

    /// <summary>
    /// Counts what a correction changes of a consumer's usage against its allowance in the pool named; negative takes back. Nothing without
    /// an allowance, nor of an event that was taken before it was made and so never counted.
    /// </summary>
    public void CountAllowance(int consumerId, int poolNamedId, DateTimeOffset occurredAt, DateTimeOffset postedAt, decimal credits)
    {
        if (Directory.AllowanceOf(consumerId, poolNamedId) is { } allowance && postedAt >= allowance.Since)
            Wallet.Allowances.Add(Directory, consumerId, poolNamedId, occurredAt, credits);
    }

    /// <summary>A statement on this connection, inside this transaction, with positional parameters.</summary>
    public NpgsqlCommand Command(string sql, params object?[] parameters)
    {
        var command = new NpgsqlCommand(sql, Connection, Transaction);
        foreach (var parameter in parameters) command.Parameters.Add(Columns.Parameter(parameter));
        return command;
    }

    /// <summary>Runs a statement and answers how many rows it touched.</summary>
    public async Task<int> ExecuteAsync(string sql, CancellationToken cancellationToken, params object?[] parameters)
    {
        await using var command = Command(sql, parameters);
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Writes what has been decided so far, so that statements that follow see it.</summary>
    public async Task WriteAsync(CancellationToken cancellationToken)
    {
        if (db is not null) await db.SaveChangesAsync(cancellationToken);
        await attribution.AttributeAsync(Connection, Transaction, Wallet, Directory, cancellationToken);
        await using var batch = new NpgsqlBatch(Connection, Transaction);
        WalletWriter.AddTo(batch, [Wallet]);
        await batch.ExecuteNonQueryAsync(cancellationToken);
        Wallet.Written();
    }

    internal async Task CommitAsync(CancellationToken cancellationToken)
    {
        await WriteAsync(cancellationToken);
        await Transaction.CommitAsync(cancellationToken);
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        if (db is not null) await db.DisposeAsync();
        await Transaction.DisposeAsync();
        await Connection.DisposeAsync();
    }
}

/// <summary>
/// Gives the revenue of debts that were settled to the ratings they came from (domain.md §4, Pieces). Metering does it; credits only ask.
/// </summary>
public interface IDebtAttribution
{
    /// <summary>Writes a settlement rating for each event within the debts that <paramref name="wallet"/> settled since it was last written.</summary>
    Task AttributeAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, WalletState wallet, WalletDirectory directory, CancellationToken cancellationToken);
}
