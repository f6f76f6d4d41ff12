using System.Diagnostics;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Npgsql;
using Portal.Domain.Kernel;
using Portal.Domain.Wallet;

namespace Portal.Domain.Metering.Intake;

/// <summary>
/// Takes what is waiting, at once and up to a limit, into one transaction. A part whose wallet is busy goes to the next batch, after
/// three misses into one of its own that waits. A batch that fails is halved until the guilty part stands alone.
/// </summary>
internal sealed class IntakeBatcher(IntakeTransaction transactions, WalletSignals signals, IntakeOptions options, ILogger log)
{
    private const int MissesBeforeWaiting = 3;
    private const int Attempts = 3;

    // A known identity among those that were trusted: so many batches are looked up before they are trusted again.
    private const int BatchesOfDoubt = 64;

    private static readonly Problem Unavailable =
        new(ProblemKind.Busy, "unavailable", "The usage could not be stored just now. What was sent and not acknowledged may be sent again.");

    private readonly Channel<IntakePart> waiting = Channel.CreateUnbounded<IntakePart>(new UnboundedChannelOptions { SingleReader = true });
    private int waitingEvents, doubts;

    /// <summary>Events that wait or are being taken.</summary>
    public int WaitingEvents => Volatile.Read(ref waitingEvents);

    public void Add(IntakePart part)
    {
        Interlocked.Add(ref waitingEvents, part.Events.Count);
        if (!waiting.Writer.TryWrite(part)) Finish(part, Unavailable);
    }

    /// <summary>Takes no more; <see cref="RunAsync"/> ends when what is waiting has been taken.</summary>
    public void Stop() => waiting.Writer.TryComplete();

    public async Task RunAsync()
    {
        var missed = new List<IntakePart>();
        while (missed.Count > 0 || await waiting.Reader.WaitToReadAsync())
        {
            var batch = Gather(missed);
            missed = [];
            foreach (var patient in batch.Where(part => part.Misses >= MissesBeforeWaiting).GroupBy(part => part.TenantId))
                await TakeAsync([.. patient], skipLocked: false, missed);
            var free = batch.Where(part => part.Misses < MissesBeforeWaiting).ToArray();
            if (free.Length > 0) await TakeAsync(free, skipLocked: true, missed);
        }
    }

    private List<IntakePart> Gather(List<IntakePart> missed)
    {
        var (batch, events) = (missed, missed.Sum(part => part.Events.Count));
        while (events < options.BatchEvents && waiting.Reader.TryRead(out var part))
        {
            batch.Add(part);
            events += part.Events.Count;
        }

        return batch;
    }

    private async Task TakeAsync(IntakePart[] parts, bool skipLocked, List<IntakePart> missed)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                var started = Stopwatch.GetTimestamp();
                var trusting = doubts == 0 && parts.Sum(part => part.Events.Count) >= EventRows.Many;
                if (doubts > 0) doubts--;
                var (busy, changed) = await transactions.RunAsync(parts, skipLocked, trusting, CancellationToken.None);
                Measure(parts, busy, started);
                foreach (var tenant in changed) signals.Changed(tenant);
                foreach (var part in parts)
                {
                    if (!busy.Contains(part.TenantId))
                    {
                        Finish(part, failure: null);
                        continue;
                    }

                    part.Misses++;
                    missed.Add(part);
                }

                return;
            }
            catch (PostgresException exception) when (attempt < Attempts && (Wallets.IsTransient(exception) || exception.SqlState == PostgresErrorCodes.UniqueViolation))
            {
                if (exception.SqlState == PostgresErrorCodes.UniqueViolation) doubts = BatchesOfDoubt;
                Telemetry.BatchRetries.Add(1);
                log.LogInformation("A batch of {Parts} parts is tried again: {Reason}", parts.Length, exception.MessageText);
            }
            catch (NpgsqlException exception) when (exception is not PostgresException)
            {
                log.LogError(exception, "The database cannot be reached; {Parts} requests were turned away", parts.Length);
                foreach (var part in parts) Finish(part, Unavailable);
                return;
            }
            catch (Exception exception) when (parts.Length > 1)
            {
                Telemetry.BatchRetries.Add(1);
                log.LogWarning(exception, "A batch of {Parts} parts failed and is halved", parts.Length);
                await TakeAsync(parts[..(parts.Length / 2)], skipLocked, missed);
                await TakeAsync(parts[(parts.Length / 2)..], skipLocked, missed);
                return;
            }
            catch (Exception exception)
            {
                log.LogError(exception, "A request's usage could not be taken");
                Finish(parts[0], Unavailable);
                return;
            }
        }
    }

    private static void Measure(IntakePart[] parts, HashSet<long> busy, long started)
    {
        Telemetry.BatchMilliseconds.Record((long)Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        if (!Telemetry.Events.Enabled) return;
        var events = 0;
        foreach (var fate in parts.Where(part => !busy.Contains(part.TenantId)).SelectMany(part => part.Events).CountBy(usage => usage.Status))
        {
            Telemetry.Events.Add(fate.Value, new KeyValuePair<string, object?>("status", StatusText(fate.Key)));
            events += fate.Value;
        }

        if (events > 0) Telemetry.BatchEvents.Record(events);
    }

    private static string StatusText(EventStatus status) => status switch
    {
        EventStatus.Accepted => "accepted",
        EventStatus.Unrated => "unrated",
        EventStatus.Duplicate => "duplicate",
        EventStatus.Conflict => "conflict",
        _ => "rejected",
    };

    private void Finish(IntakePart part, Problem? failure)
    {
        Interlocked.Add(ref waitingEvents, -part.Events.Count);
        if (failure is null) part.Complete();
        else part.Fail(failure);
    }
}
