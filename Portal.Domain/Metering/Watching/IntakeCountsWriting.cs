using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using Portal.Domain.Data;

namespace Portal.Domain.Metering.Watching;

/// <summary>Writes what this process counted every two seconds, and forgets what is old.</summary>
public sealed class IntakeCountsWriting(NpgsqlDataSource source, IntakeCounts counts, ILogger<IntakeCountsWriting> log) : BackgroundService
{
    private const int WritesBetweenForgetting = 1800;

    private const string AddMinutes = """
        insert into intake_minutes as m (minute, fate, events)
        select date_trunc('minute', now()), fate, events from unnest($1::text[], $2::bigint[]) u(fate, events) where events <> 0 order by fate
        on conflict (minute, fate) do update set events = m.events + excluded.events
        """;

    private const string AddRemarks = """
        insert into intake_remarks as r (tenant_id, hour, fate, code, type, events, last_at)
        select tenant_id, date_trunc('hour', now(), 'UTC'), fate, code, type, events, now()
        from unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::bigint[]) u(tenant_id, fate, code, type, events) order by tenant_id, fate, code, type
        on conflict (tenant_id, hour, fate, code, type) do update set events = r.events + excluded.events, last_at = excluded.last_at
        """;

    private const string Forget = """
        with minutes as (delete from intake_minutes where minute < now() - interval '3 days')
        delete from intake_remarks where hour < now() - interval '14 days'
        """;

    /// <summary>How often.</summary>
    public static readonly TimeSpan Every = TimeSpan.FromSeconds(2);

    /// <summary>Writes what was counted since the last time; nothing for nothing.</summary>
    public async Task WriteAsync(CancellationToken cancellationToken = default)
    {
        var taken = counts.Take();
        if (!Array.Exists(taken.Counts, events => events != 0)) return;
        try
        {
            await using var connection = await source.OpenConnectionAsync(cancellationToken);
            await using var batch = new NpgsqlBatch(connection);
            batch.Add(AddMinutes, IntakeCounts.Fates, taken.Counts);
            if (taken.Remarks.Count > 0)
            {
                var remarks = taken.Remarks.Keys.ToArray();
                batch.Add(AddRemarks, remarks.Select(one => one.TenantId), remarks.Select(one => one.Fate), remarks.Select(one => one.Code), remarks.Select(one => one.Type),
                    taken.Remarks.Values.ToArray());
            }

            await batch.ExecuteNonQueryAsync(cancellationToken);
        }
        catch (Exception failure) when (failure is NpgsqlException or OperationCanceledException)
        {
            counts.PutBack(taken);
            throw;
        }
    }

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every);
        try
        {
            for (var writes = 0; ; writes++)
            {
                await TryAsync(writes % WritesBetweenForgetting == 0, stoppingToken);
                await timer.WaitForNextTickAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException)
        {
            // It stops.
        }
    }

    /// <inheritdoc />
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await TryAsync(forgets: false, cancellationToken);
    }

    private async Task TryAsync(bool forgets, CancellationToken cancellationToken)
    {
        try
        {
            await WriteAsync(cancellationToken);
            if (!forgets) return;
            await using var connection = await source.OpenConnectionAsync(cancellationToken);
            await connection.ExecuteAsync(Forget, cancellationToken);
        }
        catch (NpgsqlException failure)
        {
            log.LogWarning(failure, "Counts of the intake could not be written; the next time counts them too");
        }
    }
}
