using Portal.Domain.Metering.Intake;
using Portal.Domain.Metering.Meters;
using Portal.Domain.Pricing;
using Portal.Domain.Wallet;

namespace Portal.Domain.Metering.Corrections;

/// <summary>
/// Measures stored events again: under the card version that they stand on, for what their figures consist of line by line, or under the
/// catalogue as it is. Pure; one per caller.
/// </summary>
internal sealed class StandingMeasure(Catalogue catalogue, WalletDirectory directory)
{
    private readonly EventMeasuring now = new(catalogue);
    private readonly Dictionary<int, EventMeasuring> byVersion = [];

    /// <summary>The event under the card version that last rated it, so far as it is known; null when no meter measures it any more.</summary>
    public Rating? AsItStands(StandingEvent standing) => EventAsItStands(standing).Rating;

    /// <summary>The same, with what was measured.</summary>
    public UsageEvent EventAsItStands(StandingEvent standing) => Measure(standing, UnderVersion(standing.RateVersionId));

    /// <summary>The event under the cards in force when it happened.</summary>
    public UsageEvent Now(StandingEvent standing) => Measure(standing, now);

    private EventMeasuring UnderVersion(int? id)
    {
        if (id is not { } known || catalogue.FindRateVersion(known) is not { } version) return now;
        if (!byVersion.TryGetValue(known, out var measuring)) byVersion[known] = measuring = new EventMeasuring(catalogue.Under(version));
        return measuring;
    }

    private UsageEvent Measure(StandingEvent standing, EventMeasuring measuring)
    {
        var usage = new UsageEvent { Index = 0, Type = standing.Type, OccurredAt = standing.OccurredAt, Data = standing.Bytes };
        measuring.Measure(usage, directory);
        if (standing.CostOnly) usage.BecomeWork(standing.Product!);
        return usage;
    }
}
