using Portal.Domain.Kernel;
using Portal.Domain.Metering.Intake;

namespace Portal.Domain.Metering.Watching;

/// <summary>Of whom, what and why events did not simply go well.</summary>
/// <param name="TenantId">Whose; 0: no tenant of ours was named.</param>
/// <param name="Fate"><c>unrated</c>, <c>duplicate</c>, <c>conflict</c>, <c>rejected</c> or <c>late</c>.</param>
/// <param name="Code">Why: a problem's code, or of unrated ones <c>no_meter</c> or <c>no_rate</c>; else empty.</param>
/// <param name="Type">The events' type, cut off at <see cref="IntakeCounts.LongestType"/>.</param>
public readonly record struct IntakeRemark(long TenantId, string Fate, string Code, string Type);

/// <summary>Counts what becomes of usage in this process, until it is written. Costs a request a few additions.</summary>
public sealed class IntakeCounts
{
    /// <summary>What happened longer ago when it was taken is late.</summary>
    public static readonly TimeSpan LateAfter = TimeSpan.FromHours(24);

    /// <summary>Longest type that is told apart.</summary>
    public const int LongestType = 100;

    /// <summary>Most remarks that are told apart between two writings; more are counted under the type <c>…</c>: senders choose types.</summary>
    public const int MostRemarks = 1000;

    internal static readonly string[] Fates = ["accepted", "unrated", "duplicate", "conflict", "rejected"];

    private readonly Lock gate = new();
    private long[] counts = new long[Fates.Length];
    private Dictionary<IntakeRemark, long> remarks = [];

    /// <summary>Counts a request that was answered.</summary>
    public void Add(IReadOnlyList<UsageEvent> events)
    {
        ArgumentNullException.ThrowIfNull(events);
        Span<long> some = stackalloc long[Fates.Length];
        var (transaction, lateBefore) = (Guid.Empty, DateTimeOffset.MinValue);
        List<IntakeRemark>? made = null;
        foreach (var usage in events)
        {
            if (FateOf(usage.Status) is not { } fate) continue;
            some[fate]++;
            if (usage.Status is EventStatus.Accepted or EventStatus.Unrated)
            {
                // Neighbours mostly share their transaction.
                if (usage.TransactionId != transaction) (transaction, lateBefore) = (usage.TransactionId, Uuid7.InstantOf(usage.TransactionId) - LateAfter);
                if (usage.OccurredAt < lateBefore) (made ??= []).Add(new IntakeRemark(usage.TenantId, "late", "", Cut(usage.Type)));
            }

            if (usage.Status != EventStatus.Accepted) (made ??= []).Add(new IntakeRemark(usage.TenantId, Fates[fate], Why(usage), Cut(usage.Type)));
        }

        lock (gate)
        {
            for (var i = 0; i < some.Length; i++) counts[i] += some[i];
            foreach (var remark in made ?? []) Remark(remark, 1);
        }
    }

    /// <summary>Takes what was counted, to be written.</summary>
    public (long[] Counts, Dictionary<IntakeRemark, long> Remarks) Take()
    {
        lock (gate)
        {
            var taken = (counts, remarks);
            (counts, remarks) = (new long[Fates.Length], []);
            return taken;
        }
    }

    /// <summary>Puts back what could not be written.</summary>
    public void PutBack((long[] Counts, Dictionary<IntakeRemark, long> Remarks) taken)
    {
        lock (gate)
        {
            for (var i = 0; i < counts.Length; i++) counts[i] += taken.Counts[i];
            foreach (var (remark, events) in taken.Remarks) Remark(remark, events);
        }
    }

    private void Remark(IntakeRemark remark, long events)
    {
        if (remarks.Count >= MostRemarks && !remarks.ContainsKey(remark)) remark = remark with { TenantId = 0, Type = "…" };
        remarks[remark] = remarks.GetValueOrDefault(remark) + events;
    }

    private static string Why(UsageEvent usage) => usage.Status switch
    {
        EventStatus.Unrated => usage.Product is null ? "no_meter" : "no_rate",
        EventStatus.Rejected => usage.Problem?.Code ?? "",
        _ => "",
    };

    private static string Cut(string type) => (type.Length <= LongestType ? type : type[..(LongestType - 1)] + "…").Replace("\0", "", StringComparison.Ordinal);

    private static int? FateOf(EventStatus status) => status switch
    {
        EventStatus.Accepted => 0,
        EventStatus.Unrated => 1,
        EventStatus.Duplicate => 2,
        EventStatus.Conflict => 3,
        EventStatus.Rejected => 4,
        _ => null,
    };
}
