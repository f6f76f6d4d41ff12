using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;

namespace Portal.Domain.Pricing;

/// <summary>
/// One change of meters, cards, products or packs. Changes happen one after the other: each holds the platform's row, whose
/// <c>catalogue_version</c> it bumps, until it commits.
/// </summary>
public sealed class CatalogueChange
{
    private CatalogueChange(PlatformTransaction platform, long version, DateTimeOffset now)
    {
        Connection = platform.Connection;
        Transaction = platform.Transaction;
        Version = version;
        Now = now;
    }

    /// <summary>The connection that the change is made on.</summary>
    public NpgsqlConnection Connection { get; }

    /// <summary>The transaction that it is part of.</summary>
    public NpgsqlTransaction Transaction { get; }

    /// <summary>The catalogue version that this change makes.</summary>
    public long Version { get; }

    /// <summary>Business time (UTC) at which it had the catalogue to itself: later changes have later ones.</summary>
    public DateTimeOffset Now { get; }

    /// <summary>Takes the lock and the next version within a transaction of the caller, who commits it.</summary>
    public static async Task<CatalogueChange> BeginAsync(PlatformTransaction platform, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(platform);
        const string sql = "update platform set catalogue_version = catalogue_version + 1 returning catalogue_version, clock_timestamp() + clock_offset";
        await using var command = new NpgsqlCommand(sql, platform.Connection, platform.Transaction);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return new CatalogueChange(platform, reader.GetInt64(0), reader.GetFieldValue<DateTimeOffset>(1));
    }

    /// <summary>Makes one change in a transaction of its own; commits when it succeeds.</summary>
    public static Task<Result<T>> RunAsync<T>(
        NpgsqlDataSource source, Func<CatalogueChange, Task<Result<T>>> change, CancellationToken cancellationToken = default) =>
        PlatformTransaction.RunAsync(source, async platform => await change(await BeginAsync(platform, cancellationToken)), cancellationToken);

    internal NpgsqlCommand Command(string sql, params object[] values)
    {
        var command = new NpgsqlCommand(sql, Connection, Transaction);
        foreach (var value in values) command.Parameters.Add(new NpgsqlParameter { Value = value });
        return command;
    }
}
