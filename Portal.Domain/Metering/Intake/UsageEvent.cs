using Portal.Domain.Kernel;
using Portal.Domain.Metering.Meters;
using Portal.Domain.Pricing;
using Portal.Domain.Pricing.Rates;

namespace Portal.Domain.Metering.Intake;

/// <summary>What became of an event.</summary>
public enum EventStatus
{
    /// <summary>Not decided yet.</summary>
    Pending,

    /// <summary>Taken and rated.</summary>
    Accepted,

    /// <summary>Taken; no meter or rate covers it yet.</summary>
    Unrated,

    /// <summary>Known: the same body came before.</summary>
    Duplicate,

    /// <summary>Its identity is known with another body; nothing was changed.</summary>
    Conflict,

    /// <summary>Refused; it claims no identity.</summary>
    Rejected,
}

/// <summary>One event of a request on its way through the intake: what was sent, what it comes to, what became of it.</summary>
public sealed class UsageEvent
{
    /// <summary>Place in the request, from 0.</summary>
    public required int Index { get; init; }

    public string Id { get; set; } = "";

    public string Source { get; set; } = "";

    public string Type { get; set; } = "";

    /// <summary>Key of the tenant.</summary>
    public string Subject { get; set; } = "";

    public DateTimeOffset OccurredAt { get; set; }

    public string? Consumer { get; set; }

    public string? Team { get; set; }

    public string? Pool { get; set; }

    /// <summary>All of data as sent, to rate it again under a newer catalogue.</summary>
    public ReadOnlyMemory<byte> Data { get; set; }

    /// <summary>Identity within the tenant.</summary>
    public Guid Key { get; set; }

    /// <summary>Digest of the body.</summary>
    public long Digest { get; set; }

    public long TenantId { get; set; }

    /// <summary>The meter that measures it; null when none does.</summary>
    public Meter? Meter { get; set; }

    /// <summary>Product of an event that the engine writes of itself, without a meter.</summary>
    public string? OwnProduct { get; set; }

    /// <summary>Written by the engine at the instant at which it fell due, however late that is done.</summary>
    public bool OfEngine { get; init; }

    /// <summary>The product that the usage is of; null when nothing measures it.</summary>
    public string? Product => OwnProduct ?? Meter?.Product;

    /// <summary>What it comes to; null when no meter measures it.</summary>
    public Rating? Rating { get; set; }

    /// <summary>
    /// The rating as it was before the counters of its period were read; null when it needs none. A batch that is tried again starts from it.
    /// </summary>
    public Rating? OpenRating { get; set; }

    /// <summary>Decided and committed, while others of its request wait for a later batch.</summary>
    public bool Committed { get; set; }

    /// <summary>Catalogue version that <see cref="Meter"/> and <see cref="Rating"/> are of.</summary>
    public long PreparedFor { get; set; }

    /// <summary>Prices of the tenant that <see cref="Rating"/> is of.</summary>
    public TenantPrices? PreparedWith { get; set; }

    /// <summary>The properties that are stored, as JSON.</summary>
    public ReadOnlyMemory<byte> Kept { get; set; }

    public EventStatus Status { get; set; }

    /// <summary>Why it was rejected.</summary>
    public Problem? Problem { get; set; }

    /// <summary>Credits that it draws; of a duplicate, those of the first.</summary>
    public decimal Credits { get; set; }

    /// <summary>The ledger transaction that holds it.</summary>
    public Guid TransactionId { get; set; }

    /// <summary>Its place in the transaction.</summary>
    public int Ordinal { get; set; }

    /// <summary>
    /// Makes it work that is billed by the outcome of its case: it is rated for its cost alone, and what nothing measures is accepted all the
    /// same. An earlier try of a batch is measured anew.
    /// </summary>
    /// <param name="product">The product of the outcome, for what no meter measures.</param>
    internal void BecomeWork(string product)
    {
        OwnProduct = Meter is null ? product : null;
        (Rating, OpenRating, PreparedFor) = (Rater.CostOnly(Rating), null, -1);
    }

    /// <summary>Marks it as refused.</summary>
    public void Reject(string code, string detail)
    {
        Status = EventStatus.Rejected;
        Problem = new Problem(ProblemKind.Unprocessable, code, detail);
    }
}
