using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Metering.Counters;
using Portal.Domain.Metering.Meters;
using Portal.Domain.Wallet;

namespace Portal.Domain.Metering.Corrections;

/// <summary>An hour's level without one of its events: read again from the others.</summary>
internal sealed class Levels(WalletTransaction wallet, Catalogue catalogue, PriceCounters counters)
{
    /// <summary>Forgets the hour of a level and notes again what the other events of it say.</summary>
    public async Task WithoutAsync(StandingEvent standing, string meter, string dimensions, CancellationToken cancellationToken)
    {
        var hour = wallet.Directory.Zone.HourStart(standing.OccurredAt);
        await wallet.ExecuteAsync(
            "delete from gauge_hours where tenant_id = $1 and meter = $2 and hour = $3 and dimensions = $4 and consumer_id = $5", cancellationToken,
            wallet.TenantId, meter, hour, dimensions, standing.ConsumerId);
        await wallet.ExecuteAsync(
            "delete from counted_values where tenant_id = $1 and period_start = $3 and meter = $2 and match = $4 and unit = 'hour' and consumer_id = $5", cancellationToken,
            wallet.TenantId, meter, hour, dimensions, standing.ConsumerId);
        var events = new PeriodEvents(wallet, catalogue, meter, new MeteredPeriod(hour, hour.AddHours(1)), standing.ConsumerId);
        await foreach (var other in events.ReadAsync(cancellationToken))
        {
            if (other.Voided || other.Key == standing.Key || other.Usage.OpenRating is not { } open) continue;
            foreach (var line in open.Lines)
            {
                if (line.Dimensions.Key == dimensions)
                    counters.Gauges.Note(meter, hour, dimensions, standing.ConsumerId, line.Quantity, other.Usage.OccurredAt, line.Distinct);
            }
        }
    }
}
