using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Metering.Counters;
using Portal.Domain.Metering.Meters;
using Portal.Domain.Metering.Watching;
using Portal.Domain.Pricing;
using Portal.Domain.Pricing.Rates;
using Portal.Domain.Wallet;

namespace Portal.Domain.Metering.Intake;

/// <summary>
/// The way in for usage: reads a request, measures and rates it on the caller's thread, hands it to a batcher and answers once the
/// commit that holds its events is done.
/// </summary>
public sealed class UsageIntake : IHostedService
{
    private static readonly Problem TooBusy =
        new(ProblemKind.Busy, "too_busy", "Too many events are waiting. Nothing was taken; send them again in a moment.");

    private readonly NpgsqlDataSource source;
    private readonly WalletDirectories directories;
    private readonly Catalogues catalogues;
    private readonly IntakeCounts counts;
    private readonly IntakeOptions options;
    private readonly IntakeBatcher[] batchers;
    private readonly WaitingBytes bytes;
    private Task[] running = [];
    private volatile bool stopping;

    /// <summary>Makes an intake; it takes events once started.</summary>
    public UsageIntake(
        NpgsqlDataSource source, WalletDirectories directories, Catalogues catalogues, IDebtAttribution attribution, DueWork due,
        WalletSignals signals, IntakeCounts counts, IOptions<IntakeOptions> options, ILogger<UsageIntake> log)
    {
        ArgumentNullException.ThrowIfNull(options);
        this.source = source;
        this.directories = directories;
        this.catalogues = catalogues;
        this.counts = counts;
        this.options = options.Value;
        bytes = new WaitingBytes(Math.Max(1, this.options.WaitingBytes));
        var transactions = new IntakeTransaction(source, directories, catalogues, attribution, due);
        batchers = [.. Enumerable.Range(0, Math.Clamp(this.options.Batchers, 1, 16)).Select(_ => new IntakeBatcher(transactions, signals, this.options, log))];
    }

    /// <summary>Source of the events that cases bill by: nobody else sends under it.</summary>
    public const string OutcomesSource = "outcomes";

    /// <summary>True from start to stop, while every batcher lives.</summary>
    public bool IsRunning => running.Length > 0 && !stopping && Array.TrueForAll(running, batcher => !batcher.IsCompleted);

    /// <summary>Events that wait to be committed in this process.</summary>
    public int WaitingEvents => batchers.Sum(batcher => batcher.WaitingEvents);

    /// <summary>Bytes of bodies that are being read or wait to be committed in this process.</summary>
    public long WaitingBytes => bytes.Held;

    /// <inheritdoc />
    public Task StartAsync(CancellationToken cancellationToken)
    {
        running = [.. batchers.Select(batcher => Task.Run(batcher.RunAsync, CancellationToken.None))];
        return Task.CompletedTask;
    }

    /// <summary>Takes what was accepted and is waiting, then ends.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        stopping = true;
        foreach (var batcher in batchers) batcher.Stop();
        await Task.WhenAll(running).WaitAsync(cancellationToken);
    }

    /// <summary>
    /// Takes a body: one CloudEvent or a list of them. The answer comes after the commit; each event's fate is in it.
    /// </summary>
    /// <param name="body">JSON; must stay as it is until the answer.</param>
    /// <param name="onlyTenant">The only tenant whose usage the caller may send; null for any.</param>
    /// <param name="cancellationToken">Stops the waiting, not the taking.</param>
    /// <returns>The events with their fates; or what is wrong with the body, <c>too_busy</c>, or <c>unavailable</c>.</returns>
    public async Task<Result<IReadOnlyList<UsageEvent>>> TakeAsync(ReadOnlyMemory<byte> body, long? onlyTenant, CancellationToken cancellationToken)
    {
        if (WaitingEvents > options.WaitingEvents || !bytes.TryHold(body.Length)) return TooBusy;
        var handedOver = false;
        try
        {
            var parsed = EventParser.Parse(body);
            if (!parsed.Succeeded) return parsed.Problem!;
            await PrepareAsync(parsed.Value, onlyTenant, cancellationToken);

            // From here on the body is held until its parts are done: a caller that leaves does not free it.
            handedOver = true;
            var request = new IntakeRequest(parsed.Value.Where(usage => usage.Status == EventStatus.Pending), () => bytes.LetGo(body.Length));
            foreach (var part in request.Parts) batchers[(int)(part.TenantId % batchers.Length)].Add(part);
            if (await request.Done.WaitAsync(cancellationToken) is { } failure) return failure;
            counts.Add(parsed.Value);
            return parsed.Value;
        }
        finally
        {
            if (!handedOver) bytes.LetGo(body.Length);
        }
    }

    /// <summary>
    /// Reads a body while room is held for it, so that requests are turned away before their bodies are in memory. Refuses <c>too_busy</c>,
    /// with nothing read, and what <paramref name="read"/> refuses.
    /// </summary>
    /// <param name="length">Bytes that it says it has; null when it does not: then it counts once it is read.</param>
    /// <param name="read">Reads it.</param>
    public async ValueTask<Result<ReadOnlyMemory<byte>>> ReadAsync(long? length, Func<ValueTask<Result<ReadOnlyMemory<byte>>>> read)
    {
        ArgumentNullException.ThrowIfNull(read);
        var held = Math.Max(0, length ?? 0);
        if (WaitingEvents > options.WaitingEvents || !bytes.TryHold(held)) return TooBusy;
        try
        {
            return await read();
        }
        finally
        {
            bytes.LetGo(held);
        }
    }

    /// <summary>Most events that an estimate is made for.</summary>
    public const int MostEstimated = 100_000;

    /// <summary>What an event would come to, at the catalogue of now; changes nothing.</summary>
    public async Task<Result<UsageEvent>> EstimateAsync(ReadOnlyMemory<byte> body, long? onlyTenant, CancellationToken cancellationToken) =>
        (await EstimateAsync(body, 1, onlyTenant, cancellationToken)).Map(estimated => estimated.Usage);

    /// <summary>What so many like one event would come to, one after the other; changes nothing. Refuses <c>invalid_count</c> too.</summary>
    /// <param name="body">One CloudEvent.</param>
    /// <param name="count">How many, 1 to <see cref="MostEstimated"/>.</param>
    /// <param name="onlyTenant">The only tenant whose usage the caller may name; null for any.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>The first of them, and the sum of all; the cost is null when unknown.</returns>
    public async Task<Result<EstimatedUsage>> EstimateAsync(ReadOnlyMemory<byte> body, int count, long? onlyTenant, CancellationToken cancellationToken)
    {
        if (count is < 1 or > MostEstimated) return Problem.Field("count", "invalid_count", $"The count is 1 to {MostEstimated}.");
        var parsed = EventParser.Parse(body);
        if (!parsed.Succeeded) return parsed.Problem!;
        if (parsed.Value.Count != 1) return new Problem(ProblemKind.Invalid, "one_event_expected", "An estimate is made for one event.");
        await catalogues.CurrentAsync(cancellationToken);
        await PrepareAsync(parsed.Value, onlyTenant, cancellationToken);
        var usage = parsed.Value[0];
        if (usage.Problem is null) await JoinCaseAsync(usage, cancellationToken);
        if (usage.Problem is { } problem) return problem;
        if (usage.OpenRating is { } open) return await CountAsync(usage, open, count, cancellationToken);
        return usage.Rating is { Rated: true } rating
            ? new EstimatedUsage(usage, count, rating.Credits.Amount * count, rating.Money * count, rating.Cost * count)
            : new EstimatedUsage(usage, count, 0m, 0m, null);
    }

    // What belongs to a case is billed by its outcome: by itself it comes to its cost alone.
    private async Task JoinCaseAsync(UsageEvent usage, CancellationToken cancellationToken)
    {
        var directory = (await directories.RecentAsync(usage.TenantId, cancellationToken))!;
        if (directory.Outcomes.Count == 0 || catalogues.Cached?.Cases is not { } rules) return;
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        var windows = await connection.ListAsync("select clock_timestamp() + clock_offset, event_window from platform",
            row => IntakeWindow.At(row.GetFieldValue<DateTimeOffset>(0), row.GetFieldValue<TimeSpan>(1)), cancellationToken);
        await rules.OpenAsync(connection, directory, [usage], windows[0], cancellationToken);
    }

    // By what its period has come to now; another event may come in between.
    private async Task<EstimatedUsage> CountAsync(UsageEvent usage, Rating open, int count, CancellationToken cancellationToken)
    {
        var directory = (await directories.RecentAsync(usage.TenantId, cancellationToken))!;
        var consumer = usage.Consumer is { Length: > 0 } name && directory.Consumers.TryGetValue(name, out var known) ? known.Id : 0;
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        var counters = await PriceCounters.ReadAsync(
            connection, usage.TenantId, directory.Zone, [new CountedEvent(open, consumer, usage.OccurredAt)], cancellationToken);
        var (credits, money, cost) = (0m, 0m, (decimal?)0m);
        for (var i = 0; i < count; i++)
        {
            var rating = Rater.Complete(open, counters.Of(consumer, usage.OccurredAt));
            if (i == 0) usage.Rating = rating;
            (credits, money, cost) = (credits + rating.Credits.Amount, money + rating.Money, cost + rating.Cost);
        }

        return new EstimatedUsage(usage, count, credits, money, cost);
    }

    private async Task PrepareAsync(List<UsageEvent> events, long? onlyTenant, CancellationToken cancellationToken)
    {
        var catalogue = catalogues.Cached ?? await catalogues.CurrentAsync(cancellationToken);
        var measuring = new EventMeasuring(catalogue);
        WalletDirectory? directory = null;
        foreach (var usage in events)
        {
            if (usage.Status == EventStatus.Rejected) continue;
            if (directory is null || directory.TenantKey != usage.Subject)
            {
                var tenantId = await directories.FindTenantAsync(usage.Subject, cancellationToken);
                directory = tenantId is null ? null : await directories.RecentAsync(tenantId.Value, cancellationToken);
            }

            if (directory is null) usage.Reject("unknown_tenant", $"There is no tenant '{usage.Subject}'.");
            else if (onlyTenant is not null && onlyTenant != directory.TenantId) usage.Reject("unknown_tenant", $"There is no tenant '{usage.Subject}'.");
            else if (usage.Source == OutcomesSource) usage.Reject("reserved_source", "The source outcomes is the engine's own.");
            if (usage.Status == EventStatus.Rejected) continue;
            usage.TenantId = directory!.TenantId;
            measuring.Measure(usage, directory);
        }
    }
}

/// <summary>What usage that is not sent would come to.</summary>
/// <param name="Usage">The first event, rated.</param>
/// <param name="Count">How many like it.</param>
/// <param name="Credits">Credits of all of them.</param>
/// <param name="Money">Money of all of them, by rates in money.</param>
/// <param name="Cost">What the platform would pay for them; null when unknown.</param>
public sealed record EstimatedUsage(UsageEvent Usage, int Count, decimal Credits, decimal Money, decimal? Cost);
