using System.Collections.Concurrent;
using System.Diagnostics;

namespace Portal.E2E.Soaking;

/// <summary>When the portal was killed and when it served again: a failure in between is nobody's fault.</summary>
internal sealed class Outages
{
    private readonly ConcurrentQueue<Outage> all = new();
    private volatile Outage? current;
    private int era;

    public IReadOnlyCollection<Outage> All => all;

    /// <summary>Changes whenever the portal goes or comes; odd while it is away.</summary>
    public int Era => Volatile.Read(ref era);

    public void Begin(Victim victim)
    {
        current = new Outage(victim);
        all.Enqueue(current);
        Interlocked.Increment(ref era);
    }

    public void End(bool restarted)
    {
        if (current is { } ending) (ending.Ready, ending.Restarted) = (ending.Elapsed, restarted);
        Interlocked.Increment(ref era);
    }

    /// <summary>Usage that was begun in an era is acknowledged: the first after a kill ends what customers noticed.</summary>
    public void Acknowledged(int begunIn)
    {
        if (current is { } outage && begunIn >= outage.BegunIn && outage.Acknowledged is null) outage.Acknowledged = outage.Elapsed;
    }

    /// <summary>True when the portal served from one era to now.</summary>
    public bool WasUp(int since) => since % 2 == 0 && since == Era;

    /// <summary>The kill has happened: what begins from now on begins after it.</summary>
    public void Struck()
    {
        if (current is { } outage) outage.BegunIn = Interlocked.Add(ref era, 2);
    }
}

/// <summary>One kill and what it took to come back.</summary>
internal sealed class Outage(Victim victim)
{
    private readonly Stopwatch watch = Stopwatch.StartNew();
    private volatile int begunIn = int.MaxValue;

    /// <summary>Work begun from this era on was begun after the kill.</summary>
    public int BegunIn
    {
        get => begunIn;
        set => begunIn = value;
    }

    public Victim Victim { get; } = victim;

    public TimeSpan Elapsed => watch.Elapsed;

    /// <summary>Until it said that it is ready; null when it never did.</summary>
    public TimeSpan? Ready { get; set; }

    /// <summary>Until the first usage was acknowledged that was sent after the kill; null when none was.</summary>
    public TimeSpan? Acknowledged { get; set; }

    /// <summary>Whether the portal's process was started again.</summary>
    public bool Restarted { get; set; }
}
