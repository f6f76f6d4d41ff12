using Npgsql;
using Portal.Domain.Data;

namespace Portal.Domain.Metering.Rerating;

/// <summary>
/// Usage that was on its way when a card was published was rated by the cards before it, and may be stored as unrated a moment after the
/// publication. Whoever looks for unrated events lets it arrive first.
/// </summary>
internal static class InFlight
{
    private static readonly TimeSpan AtMost = TimeSpan.FromSeconds(30);

    /// <summary>Waits until every transaction that writes and had begun by now has ended; for half a minute at most.</summary>
    public static async Task WaitAsync(NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        var last = (await connection.ListAsync("select pg_current_xact_id()::text::bigint", r => r.GetInt64(0), cancellationToken))[0];
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        for (var waited = TimeSpan.Zero; waited < AtMost; waited += timer.Period)
        {
            var oldest = (await connection.ListAsync(
                "select pg_snapshot_xmin(pg_current_snapshot())::text::bigint", r => r.GetInt64(0), cancellationToken))[0];
            if (oldest > last) return;
            await timer.WaitForNextTickAsync(cancellationToken);
        }
    }
}
