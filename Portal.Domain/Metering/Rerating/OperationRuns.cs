using System.Text.Json;
using Microsoft.Extensions.Logging;
using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Metering.Corrections;
using Portal.Domain.Metering.Meters;
using Portal.Domain.Pricing;
using Portal.Domain.Pricing.Rates;
using Portal.Domain.Wallet;

namespace Portal.Domain.Metering.Rerating;

/// <summary>
/// Runs what was asked for, one operation after the other. Any number of workers may call it: whoever runs an operation holds a lock that
/// goes with its connection, so a killed worker's operation is free at once and goes on after its last chunk.
/// </summary>
public sealed class OperationRuns(
    NpgsqlDataSource source, Wallets wallets, Catalogues catalogues, IDebtAttribution attribution, DueWork dueWork, ILogger<OperationRuns> log)
{
    private const string Next = """
        select id, kind, parameters::text, prepared from operations where state in ('queued', 'running') and id <> all($1) order by created_at, id limit 1
        """;

    private sealed record Work(Guid Id, string Kind, string Parameters, bool Prepared);

    /// <summary>Runs all that is open and that nobody else runs. Answers how many it finished.</summary>
    public async Task<int> RunDueAsync(CancellationToken cancellationToken = default)
    {
        var (finished, seen) = (0, new List<Guid>());
        while (await source.FindAsync(Next, Read, cancellationToken, seen.ToArray()) is { } work)
        {
            seen.Add(work.Id);
            await using var connection = await source.OpenConnectionAsync(cancellationToken);
            await using var claim = await connection.BeginTransactionAsync(cancellationToken); // only the lock is in it
            if (!await ClaimAsync(connection, work.Id, cancellationToken)) continue;
            if (await source.FindAsync($"select id, kind, parameters::text, prepared from operations where id = $1 and finished_at is null", Read, cancellationToken, work.Id) is not { } open)
                continue;
            if (await TryAsync(open, cancellationToken)) finished++;
        }

        return finished;
    }

    private static Work Read(NpgsqlDataReader r) => new(r.GetGuid(0), r.GetString(1), r.GetString(2), r.GetBoolean(3));

    private static async Task<bool> ClaimAsync(NpgsqlConnection connection, Guid id, CancellationToken cancellationToken) =>
        (await connection.ListAsync(
            "select pg_try_advisory_xact_lock(hashtextextended('operation ' || $1::text, 0))", r => r.GetBoolean(0), cancellationToken, id.ToString()))[0];

    private async Task<bool> TryAsync(Work work, CancellationToken cancellationToken)
    {
        try
        {
            await RunAsync(work, cancellationToken);
            return true;
        }
        catch (Exception exception) when (exception is OperationElsewhereException or NpgsqlException { IsTransient: true } or OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            log.LogWarning(exception, "Operation {Operation} stopped; it goes on at the next run", work.Id);
            return false;
        }
        catch (Exception exception)
        {
            log.LogError(exception, "Operation {Operation} failed", work.Id);
            await EndAsync(work.Id, "failed", result: null, new { code = "internal_error", detail = "Something went wrong here. What was posted so far stands; asking again goes on with the rest." }, cancellationToken);
            return true;
        }
    }

    private async Task RunAsync(Work work, CancellationToken cancellationToken)
    {
        var pass = work.Kind == OperationKind.LateRating ? null : JsonSerializer.Deserialize<ReratePass>(work.Parameters, PortalJson.Options)!;
        if (!work.Prepared)
        {
            if (pass is null) await InFlight.WaitAsync(source, cancellationToken);
            await OperationTenants.PrepareAsync(source, work.Id, pass, cancellationToken);
        }

        foreach (var part in await OperationPart.OpenAsync(source, work.Id, cancellationToken)) await RunAsync(work, pass, part, cancellationToken);
        await EndAsync(work.Id, "succeeded", await OperationTenants.SummaryAsync(source, work.Id, cancellationToken), error: null, cancellationToken);
    }

    private Task RunAsync(Work work, ReratePass? pass, OperationPart part, CancellationToken cancellationToken)
    {
        if (pass is null)
        {
            return new RerateRun(
                source, wallets, catalogues, StandingEvent.UnratedAsync, (catalogue, directory) => new LateRating(catalogue, directory),
                "Rated when a price came to cover it").RunAsync(part, cancellationToken);
        }

        Task<List<StandingEvent>> Pages(NpgsqlConnection connection, long tenantId, EventPlace after, int limit, CancellationToken token) =>
            StandingEvent.OfPeriodAsync(connection, tenantId, after, pass.From, pass.To, limit, token);
        return work.Kind == OperationKind.Rerate
            ? new RerateRun(
                source, wallets, catalogues, Pages, (catalogue, directory) => RepricingOf(pass, catalogue, directory),
                $"Rated again under {pass.Card} version {pass.Version}").RunAsync(part, cancellationToken)
            : new ReratePreview(source, catalogues, attribution, dueWork, Pages, (catalogue, directory) => RepricingOf(pass, catalogue, directory))
                .RunAsync(part, cancellationToken);
    }

    private static Repricing RepricingOf(ReratePass pass, Catalogue catalogue, WalletDirectory directory)
    {
        if (pass.VersionId is { } id)
        {
            var published = catalogue.FindRateVersion(id) ?? throw new InvalidOperationException($"There is no version {id} of a rate card.");
            return new UnderRateVersion(catalogue, directory, published, withUnrated: false, pass.From, pass.To);
        }

        var kind = Enum.Parse<CardKind>(pass.CardKind!);
        var rates = RateChecks.Check(kind, pass.Card, pass.Rates, new FieldErrors());
        var candidate = new CardVersion(0, pass.Card, 0, DateTimeOffset.MinValue, DateTimeOffset.MinValue, rates);
        return kind == CardKind.Rate
            ? new UnderRateVersion(catalogue, directory, candidate, withUnrated: true, pass.From, pass.To)
            : new UnderCostVersion(catalogue, directory, candidate);
    }

    private async Task EndAsync(Guid id, string state, object? result, object? error, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(
            """
            update operations set state = $2, result = $3::jsonb, error = $4::jsonb, started_at = coalesce(started_at, now() + (select clock_offset from platform)),
              finished_at = now() + (select clock_offset from platform)
            where id = $1 and finished_at is null
            """,
            cancellationToken, id, state, Text(result), Text(error));
    }

    private static string? Text(object? value) => value is null ? null : JsonSerializer.Serialize(value, value.GetType(), PortalJson.Options);
}
