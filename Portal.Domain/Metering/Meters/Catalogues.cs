using System.Text.Json;
using Npgsql;
using Portal.Domain.Kernel;
using Portal.Domain.Metering.Intake;
using Portal.Domain.Pricing;

namespace Portal.Domain.Metering.Meters;

/// <summary>
/// Snapshots of the catalogue, one per process: whoever locks a wallet learns which version must rate and asks for at least that one.
/// Safe for concurrent callers; one of them loads while the others wait.
/// </summary>
public sealed class Catalogues(NpgsqlDataSource source, ICaseRulesReading? cases = null) : IDisposable
{
    private readonly SemaphoreSlim loading = new(1);
    private Dictionary<int, CardVersion> rateVersions = [];
    private Dictionary<int, CardVersion> costVersions = [];
    private Dictionary<(string Plan, int Version), PlanPrices> plans = [];
    private volatile Catalogue? cached;

    /// <summary>The newest snapshot loaded; null before the first.</summary>
    public Catalogue? Cached => cached;

    /// <summary>A snapshot of the version that the database has now: one short query when it is the one at hand.</summary>
    public async ValueTask<Catalogue> CurrentAsync(CancellationToken cancellationToken = default)
    {
        await using var command = source.CreateCommand("select catalogue_version from platform");
        var version = (long)(await command.ExecuteScalarAsync(cancellationToken))!;
        return await AtLeastAsync(version, cancellationToken);
    }

    /// <summary>A snapshot of that version or a newer one; loads when the one at hand is older.</summary>
    public async ValueTask<Catalogue> AtLeastAsync(long version, CancellationToken cancellationToken = default)
    {
        if (cached is { } ready && ready.Version >= version) return ready;
        await loading.WaitAsync(cancellationToken);
        try
        {
            if (cached is { } meanwhile && meanwhile.Version >= version) return meanwhile;
            var loaded = await LoadAsync(cancellationToken);
            if (loaded.Version < version) throw new InvalidOperationException($"The catalogue is at version {loaded.Version}, {version} was asked for.");
            cached = loaded;
            return loaded;
        }
        finally
        {
            loading.Release();
        }
    }

    /// <inheritdoc />
    public void Dispose() => loading.Dispose();

    private async Task<Catalogue> LoadAsync(CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead, cancellationToken);
        await using var command = new NpgsqlCommand("select catalogue_version from platform", connection, transaction);
        var version = (long)(await command.ExecuteScalarAsync(cancellationToken))!;
        var meters = await MeterStore.ReadAsync(connection, transaction, cancellationToken);
        rateVersions = await AddNewAsync(connection, transaction, CardKind.Rate, rateVersions, cancellationToken);
        costVersions = await AddNewAsync(connection, transaction, CardKind.Cost, costVersions, cancellationToken);
        plans = plans.Concat(await PlanPrices.ReadAsync(connection, plans.Keys, cancellationToken)).ToDictionary();
        var rules = cases is null ? null : await cases.ReadAsync(connection, cancellationToken);
        return new Catalogue(version, meters, rateVersions.Values, costVersions.Values, plans, rules);
    }

    private static async Task<Dictionary<int, CardVersion>> AddNewAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, CardKind kind, Dictionary<int, CardVersion> known, CancellationToken cancellationToken)
    {
        var added = await CardVersions.ReadAsync(connection, transaction, kind, known.Keys, cancellationToken);
        return added.Count == 0 ? known : known.Values.Concat(added).ToDictionary(version => version.Id);
    }
}
