using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Portal.Domain.Kernel;

/// <summary>What the portal measures and traces about itself. No tenants, names or bodies: labels are few and fixed.</summary>
public static class Telemetry
{
    /// <summary>Name of the meter and of the source of activities.</summary>
    public const string Name = "Portal";

    /// <summary>Spans of our own.</summary>
    public static readonly ActivitySource Activities = new(Name);

    /// <summary>Instruments of our own.</summary>
    public static readonly Meter Meter = new(Name);

    /// <summary>Usage events answered, by <c>status</c>.</summary>
    public static readonly Counter<long> Events = Meter.CreateCounter<long>("portal.intake.events", "{event}", "Usage events answered, by status.");

    /// <summary>Events that one transaction of the intake took.</summary>
    public static readonly Histogram<int> BatchEvents = Meter.CreateHistogram<int>(
        "portal.intake.batch.events", "{event}", "Events in one transaction.", advice: new() { HistogramBucketBoundaries = [1, 10, 50, 100, 250, 500, 1000, 2500, 5000] });

    /// <summary>Time that a transaction of the intake took, in milliseconds.</summary>
    public static readonly Histogram<long> BatchMilliseconds = Meter.CreateHistogram<long>(
        "portal.intake.batch.duration", "ms", "Time from taking a batch to its commit.", advice: new() { HistogramBucketBoundaries = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 5000] });

    /// <summary>Batches tried again or halved.</summary>
    public static readonly Counter<long> BatchRetries = Meter.CreateCounter<long>("portal.intake.batch.retries", "{batch}", "Batches tried again or halved.");

    /// <summary>Messages that left through the outbox, by <c>kind</c> and <c>outcome</c>.</summary>
    public static readonly Counter<long> OutboxMessages = Meter.CreateCounter<long>("portal.outbox.messages", "{message}", "Messages of the outbox, by kind and outcome.");

    /// <summary>Wallets settled by the job.</summary>
    public static readonly Counter<long> WalletsSettled = Meter.CreateCounter<long>("portal.wallets.settled", "{wallet}", "Wallets settled because something fell due.");

    /// <summary>Invariants that the last reconciliation of this process found broken; 0 when all hold.</summary>
    public static readonly Gauge<int> BrokenInvariants = Meter.CreateGauge<int>("portal.reconciliation.broken", "{check}", "Checks of the last reconciliation that failed.");
}
