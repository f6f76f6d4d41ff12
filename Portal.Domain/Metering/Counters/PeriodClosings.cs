using Portal.Domain.Data;
using Portal.Domain.Metering.Meters;
using Portal.Domain.Wallet;

namespace Portal.Domain.Metering.Counters;

/// <summary>Rates what can only be rated when a period closes: minimums, levels, percentiles. Falls due at the period's end, and again when something comes late.</summary>
public sealed class PeriodClosings(Catalogues catalogues) : IDueSource
{
    private const string Open = "select starts_at, closed_at is not null from metered_periods where tenant_id = $1 and due order by starts_at";

    /// <inheritdoc />
    public async Task<IDue?> FindAsync(WalletTransaction wallet, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(wallet);
        var open = await wallet.Connection.ListAsync(
            Open, row => (StartsAt: row.GetFieldValue<DateTimeOffset>(0), Closed: row.GetBoolean(1)), cancellationToken, wallet.TenantId);
        if (open.Count == 0) return null;
        var periods = await MeteredPeriods.ReadAsync(wallet.Connection, wallet.TenantId, wallet.Directory.Zone, cancellationToken);
        return new Due(this, wallet, [.. open.Select(row => (periods.Of(row.StartsAt), row.Closed)).OrderBy(row => row.Item1.EndsAt)]);
    }

    private async Task CloseAsync(WalletTransaction wallet, MeteredPeriod period, bool late, CancellationToken cancellationToken)
    {
        var catalogue = await catalogues.AtLeastAsync(wallet.Clock.CatalogueVersion, cancellationToken);
        await wallet.WriteAsync(cancellationToken);
        await new PeriodClosing(wallet, catalogue.For(wallet.Directory.Prices), period, late).RunAsync(cancellationToken);
        await wallet.ExecuteAsync(
            "update metered_periods set ends_at = $3, closed_at = coalesce(closed_at, $4), due = false where tenant_id = $1 and starts_at = $2", cancellationToken,
            wallet.TenantId, period.StartsAt, period.EndsAt, wallet.Now);
    }

    private sealed class Due(PeriodClosings closings, WalletTransaction wallet, Queue<(MeteredPeriod Period, bool Closed)> open) : IDue
    {
        public Due(PeriodClosings closings, WalletTransaction wallet, IEnumerable<(MeteredPeriod Period, bool Closed)> open)
            : this(closings, wallet, new Queue<(MeteredPeriod Period, bool Closed)>(open))
        {
        }

        public DuePlace Place => DuePlace.PeriodEnd;

        public DateTimeOffset? NextAt => open.TryPeek(out var next) ? next.Period.EndsAt : null;

        public async Task RunAsync(DateTimeOffset at, CancellationToken cancellationToken)
        {
            while (NextAt <= at)
            {
                var (period, closed) = open.Dequeue();
                await closings.CloseAsync(wallet, period, closed, cancellationToken);
            }
        }
    }
}
