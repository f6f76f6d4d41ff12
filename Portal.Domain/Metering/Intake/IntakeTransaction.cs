using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Ledger;
using Portal.Domain.Metering.Meters;
using Portal.Domain.Wallet;

namespace Portal.Domain.Metering.Intake;

/// <summary>
/// One database transaction from events to balances: lock the wallets and look the identities up (one round trip), settle what is due,
/// draw and rate in memory, write everything (one more), commit (the third). Many events are copied before the rest is written, and their
/// identities are not looked up first: the index says whether one is taken, and then the batch is done again with a look.
/// </summary>
internal sealed class IntakeTransaction(
    NpgsqlDataSource source, WalletDirectories directories, Catalogues catalogues, IDebtAttribution attribution, DueWork due)
{
    private const string FindIdentities = """
        select i.tenant_id, i.event_key, i.digest, i.transaction_id, i.ordinal
        from unnest($1::bigint[], $2::uuid[]) k(tenant_id, event_key)
        join event_identities i on i.tenant_id = k.tenant_id and i.event_key = k.event_key
        """;

    private const string CreditsOfFirst = """
        select k.tenant_id, k.transaction_id, k.ordinal, e.credits
        from unnest($1::bigint[], $2::uuid[], $3::int[]) k(tenant_id, transaction_id, ordinal)
        join events e on e.tenant_id = k.tenant_id and e.transaction_id = k.transaction_id and e.ordinal = k.ordinal
        """;

    /// <summary>Takes the parts whose wallets are free.</summary>
    /// <param name="parts">The parts.</param>
    /// <param name="skipLocked">False waits for wallets that others hold.</param>
    /// <param name="trusting">True looks no identities up; a known one then ends in a unique violation.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>The tenants whose wallets were busy, or whose parts are not done yet, and the tenants that changed.</returns>
    public async Task<(HashSet<long> Busy, IReadOnlyList<long> Changed)> RunAsync(
        IReadOnlyList<IntakePart> parts, bool skipLocked, bool trusting, CancellationToken cancellationToken)
    {
        var tenantIds = parts.Select(part => part.TenantId).Distinct().Order().ToArray();
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var (wallets, clock, known) = await LockAsync(connection, transaction, tenantIds, trusting ? [] : parts, skipLocked, cancellationToken);
        var catalogue = await catalogues.AtLeastAsync(clock.CatalogueVersion, cancellationToken);

        var takings = new List<WalletTaking>(wallets.Count);
        foreach (var wallet in wallets.Values)
        {
            var directory = await directories.OfVersionAsync(connection, transaction, wallet.TenantId, wallet.ConfigVersion, cancellationToken);
            var locked = new WalletTransaction(connection, transaction, wallet, directory, clock, attribution, due); // the batch ends it
            await locked.SettleAsync(cancellationToken);
            var taking = new WalletTaking(locked, catalogue, known);
            await taking.PrepareAsync(parts, cancellationToken);
            takings.Add(taking);
        }

        foreach (var taking in takings) await taking.TakeAsync(parts, cancellationToken);
        var changed = takings.Where(taking => taking.Changed).Select(taking => taking.TenantId).ToArray();
        await WriteAsync(connection, transaction, takings, cancellationToken);
        foreach (var taking in takings.Where(taking => taking.Decided)) await taking.FinishAsync(cancellationToken);
        await FillDuplicatesAsync(connection, transaction, parts, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        foreach (var taking in takings)
        {
            directories.Keep(taking.CommittedDirectory);
            if (taking.Stopped) taking.Keep(parts);
        }

        var unfinished = takings.Where(taking => taking.Stopped).Select(taking => taking.TenantId);
        return ([.. tenantIds.Where(id => !wallets.ContainsKey(id)), .. unfinished], changed);
    }

    /// <summary>The identity of one event, when it is taken.</summary>
    public static async Task<Dictionary<(long, Guid), KnownEvent>> KnownAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, UsageEvent usage, CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(connection, transaction);
        batch.Add(FindIdentities, new[] { usage.TenantId }, new[] { usage.Key });
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        return await ReadKnownAsync(reader, cancellationToken);
    }

    private static async Task<(Dictionary<long, WalletState>, PostingClock, Dictionary<(long, Guid), KnownEvent>)> LockAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, long[] tenantIds, IReadOnlyList<IntakePart> parts, bool skipLocked,
        CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(connection, transaction);
        WalletReader.AddTo(batch, tenantIds, skipLocked);
        if (parts.Count > 0)
        {
            var events = parts.SelectMany(part => part.Events).ToArray();
            batch.Add(FindIdentities, events.Select(usage => usage.TenantId), events.Select(usage => usage.Key));
        }

        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var (wallets, clock) = await WalletReader.ReadAsync(reader, cancellationToken);
        return (wallets, clock, await reader.NextResultAsync(cancellationToken) ? await ReadKnownAsync(reader, cancellationToken) : []);
    }

    private static async Task<Dictionary<(long, Guid), KnownEvent>> ReadKnownAsync(NpgsqlDataReader reader, CancellationToken cancellationToken)
    {
        var known = new Dictionary<(long, Guid), KnownEvent>();
        while (await reader.ReadAsync(cancellationToken))
        {
            known.TryAdd((reader.GetInt64(0), reader.GetGuid(1)),
                new KnownEvent(reader.GetInt64(2), reader.GetGuid(3), reader.GetInt32(4)));
        }

        return known;
    }

    private async Task WriteAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, List<WalletTaking> takings, CancellationToken cancellationToken)
    {
        var changed = takings.Where(taking => taking.Changed).ToArray();
        if (changed.Length == 0) return;
        foreach (var taking in changed)
            await attribution.AttributeAsync(connection, transaction, taking.Wallet, taking.Directory, cancellationToken);

        EventRow[] rows = [.. changed.SelectMany(taking => taking.Rows)];
        if (rows.Length >= EventRows.Many) await EventRows.CopyAsync(connection, rows, cancellationToken);
        var rollup = new Rollup();
        foreach (var taking in changed) taking.AddTo(rollup);
        await using var batch = new NpgsqlBatch(connection, transaction);
        if (rows.Length < EventRows.Many) EventRows.AddTo(batch, rows);
        rollup.AddTo(batch);
        foreach (var taking in changed) taking.AddTo(batch);
        WalletWriter.AddTo(batch, [.. changed.Select(taking => taking.Wallet)]);
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>A duplicate answers the credits of the first, which is stored by now.</summary>
    public static async Task FillDuplicatesAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, IReadOnlyList<IntakePart> parts, CancellationToken cancellationToken)
    {
        var duplicates = parts.SelectMany(part => part.Events).Where(usage => usage.Status == EventStatus.Duplicate).ToArray();
        if (duplicates.Length == 0) return;
        await using var command = new NpgsqlCommand(CreditsOfFirst, connection, transaction);
        command.Parameters.Add(Columns.Parameter(duplicates.Select(usage => usage.TenantId)));
        command.Parameters.Add(Columns.Parameter(duplicates.Select(usage => usage.TransactionId)));
        command.Parameters.Add(Columns.Parameter(duplicates.Select(usage => usage.Ordinal)));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var credits = new Dictionary<(long, Guid, int), decimal>();
        while (await reader.ReadAsync(cancellationToken))
            credits[(reader.GetInt64(0), reader.GetGuid(1), reader.GetInt32(2))] = reader.GetDecimal(3);
        foreach (var usage in duplicates) usage.Credits = credits.GetValueOrDefault((usage.TenantId, usage.TransactionId, usage.Ordinal));
    }
}

/// <summary>An identity that is taken: stored, or by an event earlier in the batch.</summary>
internal sealed record KnownEvent(long Digest, Guid TransactionId, int Ordinal);
