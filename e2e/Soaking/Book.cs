using System.Collections.Concurrent;
using Portal.E2E.Running;

namespace Portal.E2E.Soaking;

/// <summary>What was sent and what was answered: against it the database is held in the end.</summary>
internal sealed class Book
{
    private readonly ConcurrentDictionary<(string Source, string Id), Entry> entries = new();
    private readonly ConcurrentDictionary<string, decimal> granted = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<Entry> correctable = new();
    private readonly ConcurrentDictionary<int, Entry> acknowledged = new();
    private int acknowledgedCount;

    /// <summary>Faults, with what was seen.</summary>
    public ConcurrentQueue<string> Faults { get; } = new();

    public Counts Counts { get; } = new();

    public ICollection<Entry> Entries => entries.Values;

    public IReadOnlyDictionary<string, decimal> Granted => granted;

    /// <summary>Takes note of events before they are sent.</summary>
    public void Sending(IEnumerable<SoakEvent> events)
    {
        foreach (var one in events)
        {
            entries.TryAdd((one.Source, one.Id), new Entry(one));
            Counts.Sent.Add();
        }
    }

    /// <summary>Takes note of the answer to an event that was not answered before.</summary>
    public void Answered(SoakEvent sent, EventAnswer answer)
    {
        if (answer.Status is not ("accepted" or "duplicate")) Fault($"Event {sent.Id} was answered {answer.Status}: {answer.Whole}");
        else if (answer.Id != sent.Id) Fault($"The answer to event {sent.Id} is that of {answer.Id}.");
        else Acknowledged(sent, answer.Credits);
        if (answer.Status == "duplicate") Counts.TakenUntold.Add();
    }

    /// <summary>Takes note that an event is told to be stored, and what it came to.</summary>
    public void Acknowledged(SoakEvent sent, decimal credits)
    {
        var entry = entries.GetOrAdd((sent.Source, sent.Id), _ => new Entry(sent));
        if (sent.Work is not ImageWork && credits != Prices.Alone(sent.Work)) Fault($"Event {sent.Id} came to {credits}, not {Prices.Alone(sent.Work)}.");
        entry.Credits = credits;
        entry.IsAcknowledged = true;
        Counts.Acknowledged.Add();
        if (sent.Source != SoakEvent.OurSource) return;
        acknowledged[Interlocked.Increment(ref acknowledgedCount) - 1] = entry;
        if (acknowledgedCount % 40 == 0) correctable.Enqueue(entry);
    }

    /// <summary>An acknowledged event, any; null when there is none.</summary>
    public Entry? Any(Random random) => acknowledgedCount == 0 || !acknowledged.TryGetValue(random.Next(acknowledgedCount), out var entry) ? null : entry;

    /// <summary>An event to correct, each only once; null when there is none.</summary>
    public Entry? NextToCorrect() => correctable.TryDequeue(out var entry) ? entry : null;

    public void Grant(string tenant, decimal credits) => granted.AddOrUpdate(tenant, credits, (_, before) => before + credits);

    public void Fault(string what)
    {
        Counts.Faults.Add();
        if (Faults.Count < 50) Faults.Enqueue(what);
    }
}

/// <summary>An event and what became of it, as far as was told.</summary>
internal sealed class Entry(SoakEvent sent)
{
    public SoakEvent Sent { get; } = sent;

    /// <summary>Told that it is stored.</summary>
    public volatile bool IsAcknowledged;

    /// <summary>What was told at first.</summary>
    public decimal Credits { get; set; }

    /// <summary>Found in the database in the end.</summary>
    public bool IsStored { get; set; }

    /// <summary>What it stands for now; null when it was voided.</summary>
    public SoakEvent? Stands { get; set; } = sent;

    /// <summary>What the platform paid for; null when it was said never to have happened.</summary>
    public SoakEvent? Costs { get; set; } = sent;
}

/// <summary>How often what was done.</summary>
internal sealed class Counts
{
    public Count Batches { get; } = new();
    public Count Sent { get; } = new();
    public Count Acknowledged { get; } = new();

    /// <summary>Taken at an attempt whose answer nobody heard: the next found out.</summary>
    public Count TakenUntold { get; } = new();
    public Count GivenUp { get; } = new();
    public Count Duplicates { get; } = new();
    public Count Conflicts { get; } = new();
    public Count Voided { get; } = new();
    public Count Amended { get; } = new();
    public Count Grants { get; } = new();
    public Count Holds { get; } = new();
    public Count HoldsRefused { get; } = new();
    public Count Captures { get; } = new();
    public Count CapturesLate { get; } = new();
    public Count Released { get; } = new();
    public Count LeftToExpire { get; } = new();
    public Count Queries { get; } = new();
    public Count Pages { get; } = new();
    public Count FailedWhileUp { get; } = new();
    public Count FailedWhileDown { get; } = new();
    public Count Faults { get; } = new();
}

/// <summary>A count that many add to at once.</summary>
internal sealed class Count
{
    private long value;

    public long Value => Interlocked.Read(ref value);

    public void Add(long more = 1) => Interlocked.Add(ref value, more);
}
