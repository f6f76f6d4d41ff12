using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Ledger;
using Portal.Domain.Metering.Corrections;
using Portal.Domain.Metering.Counters;
using Portal.Domain.Metering.Meters;
using Portal.Domain.Pricing;
using Portal.Domain.Pricing.Rates;
using Portal.Domain.Wallet;

namespace Portal.Domain.Metering.Intake;

/// <summary>What one locked wallet takes of a batch: decides each event in the order sent, draws it and gathers what is to be written.</summary>
internal sealed class WalletTaking(
    WalletTransaction locked, Catalogue catalogue, Dictionary<(long, Guid), KnownEvent> known, DateTimeOffset? at = null)
{
    private readonly SortedDictionary<(DateOnly BookDate, DateOnly OccurredIn), Booking> bookings = [];
    private readonly List<EventRow> rows = [];
    private readonly List<(RollupKey Key, Rating Rating, Piece[] Pieces)> rated = [];
    private readonly List<Piece> pieces = [];
    private readonly EventMeasuring measuring = new(catalogue);
    private readonly WalletState wallet = locked.Wallet;
    private readonly PostingClock clock = locked.Clock;
    private readonly IntakeWindow window = IntakeWindow.At(locked.Now, locked.Clock.EventWindow);
    private (long Hour, DateTimeOffset Start) lastHour = (-1, default);
    private PriceCounters? counters;
    private MeteredPeriods? periods;
    private ICaseTaking? cases;
    private WalletDirectory? committed;

    /// <summary>Usage of one book date: one ledger transaction.</summary>
    private sealed record Booking(LedgerTransaction Posting, Drawing Drawing)
    {
        public int Events { get; set; }
    }

    public long TenantId => wallet.TenantId;

    public WalletState Wallet => wallet;

    public WalletDirectory Directory { get; private set; } = locked.Directory;

    public IReadOnlyList<EventRow> Rows => rows;

    public bool Changed => wallet.HasChanges;

    /// <summary>
    /// True when an event's price gives back credits of earlier ones: those of this batch have to be written first, so it and what follows
    /// wait for the next.
    /// </summary>
    public bool Stopped { get; private set; }

    /// <summary>The directory as it is once the batch has committed.</summary>
    public WalletDirectory CommittedDirectory => committed ?? (wallet.ConfigurationChanged ? Directory with { Version = wallet.ConfigVersion + 1 } : Directory);

    /// <summary>Makes the consumers and teams that are named for the first time, and reads the counters that prices ask for.</summary>
    public async Task PrepareAsync(IReadOnlyList<IntakePart> parts, CancellationToken cancellationToken)
    {
        var own = parts.Where(part => part.TenantId == TenantId).SelectMany(part => part.Events).ToArray();
        await NameAsync(own, cancellationToken);
        foreach (var usage in own)
        {
            if (!usage.Committed && usage.Status != EventStatus.Rejected) usage.Status = EventStatus.Pending; // an earlier try was rolled back
            if (usage.Status != EventStatus.Rejected && !(usage.PreparedFor == catalogue.Version && ReferenceEquals(usage.PreparedWith, Directory.Prices)))
                measuring.Measure(usage, Directory);
        }

        if (Directory.Outcomes.Count > 0 && catalogue.Cases is { } rules) 
            cases = await rules.OpenAsync(locked.Connection, Directory, [.. own.Where(usage => !known.ContainsKey((TenantId, usage.Key)))], window, cancellationToken);
        var counted = own.Where(usage => usage.OpenRating is not null && usage.Status != EventStatus.Rejected)
            .Select(usage => new CountedEvent(usage.OpenRating!, ConsumerOf(usage)?.Id ?? 0, usage.OccurredAt)).ToArray();
        if (own.Any(usage => usage.Rating?.MoneyCurrency is not null)) periods = await MeteredPeriods.ReadAsync(locked.Connection, TenantId, Directory.Zone, cancellationToken);
        if (counted.Length > 0) counters = await PriceCounters.ReadAsync(locked.Connection, TenantId, Directory.Zone, counted, cancellationToken);
    }

    /// <summary>Decides the wallet's events of these parts, in the order sent, and posts what was drawn.</summary>
    public async Task TakeAsync(IReadOnlyList<IntakePart> parts, CancellationToken cancellationToken)
    {
        foreach (var part in parts)
        {
            if (part.TenantId != TenantId) continue;
            foreach (var usage in part.Events)
            {
                if (Take(usage) is not { } back) continue;
                if (rows.Count > 0)
                {
                    Stopped = true;
                    break;
                }

                await GivingBack.RunAsync(locked, catalogue, usage.Key, usage, ConsumerOf(usage)?.Id ?? 0, back, cancellationToken);
                Take(usage, givesBack: true);
            }

            if (Stopped) break;
        }

        foreach (var booking in bookings.Values) booking.Drawing.Complete();
        cases?.Decide(locked);
        foreach (var end in counters?.ToClose.Values.ToArray() ?? []) wallet.DueNoLaterThan(end > wallet.Now ? end : wallet.Now);
    }

    /// <summary>Marks what was decided as done, so that the rest of a request can be taken later.</summary>
    public void Keep(IReadOnlyList<IntakePart> parts)
    {
        foreach (var usage in parts.Where(part => part.TenantId == TenantId).SelectMany(part => part.Events))
            usage.Committed |= usage.Status != EventStatus.Pending;
    }

    private async Task NameAsync(UsageEvent[] own, CancellationToken cancellationToken)
    {
        var consumers = Unknown(own.Select(usage => usage.Consumer), Directory.Consumers.ContainsKey);
        var teams = Unknown(own.Select(usage => usage.Team), Directory.Teams.ContainsKey);
        if (consumers.Length + teams.Length == 0) return;
        await using (var batch = new NpgsqlBatch(locked.Connection, locked.Transaction))
        {
            batch.Add("""
                insert into consumers (tenant_id, consumer_id, key)
                select $1, (select coalesce(max(consumer_id), 0) from consumers where tenant_id = $1) + n, k from unnest($2::text[]) with ordinality u(k, n)
                """, TenantId, consumers);
            batch.Add("""
                insert into teams (tenant_id, team_id, key, name)
                select $1, (select coalesce(max(team_id), 0) from teams where tenant_id = $1) + n, k, k from unnest($2::text[]) with ordinality u(k, n)
                """, TenantId, teams);
            await batch.ExecuteNonQueryAsync(cancellationToken);
        }

        wallet.ConfigurationChanged = true;
        Directory = (await WalletDirectory.ReadAsync(locked.Connection, locked.Transaction, TenantId, cancellationToken))!;
    }

    private Consumer? ConsumerOf(UsageEvent usage) => usage.Consumer is { Length: > 0 } ? Directory.Consumers[usage.Consumer] : null;

    /// <summary>Adds the statements that write what counters and cases became; none for none.</summary>
    public void AddTo(NpgsqlBatch batch)
    {
        counters?.AddTo(batch);
        cases?.AddTo(batch, locked);
    }

    /// <summary>True when a case bills or is reversed by what was taken: that is done in the same transaction, once it is written.</summary>
    public bool Decided => cases is not null && wallet.NextDueAt <= wallet.Now;

    /// <summary>Does what the cases decided, once the batch is written.</summary>
    public async Task FinishAsync(CancellationToken cancellationToken)
    {
        committed = CommittedDirectory;
        if (wallet.ConfigurationChanged) await locked.ReloadDirectoryAsync(cancellationToken); // what cases bill may be of somebody named just now
        wallet.Written();
        await locked.SettleAsync(cancellationToken);
        await locked.WriteAsync(cancellationToken);
    }

    /// <summary>Adds what was rated to the hours.</summary>
    public void AddTo(Rollup rollup)
    {
        foreach (var (key, rating, drawn) in rated) rollup.Add(key, rating, drawn);
    }

    private static string[] Unknown(IEnumerable<string?> named, Func<string, bool> isKnown) =>
        [.. named.Where(name => !string.IsNullOrEmpty(name) && !isKnown(name)).Select(name => name!).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];

    // Answers how many credits of earlier events its price gives back before it can be taken; null once it is decided.
    private decimal? Take(UsageEvent usage, bool givesBack = false)
    {
        if (usage.Committed || usage.Status == EventStatus.Rejected) return null; // by an earlier try of this batch
        if (known.TryGetValue((TenantId, usage.Key), out var first))
        {
            usage.Status = first.Digest == usage.Digest ? EventStatus.Duplicate : EventStatus.Conflict;
            (usage.TransactionId, usage.Ordinal) = (first.TransactionId, first.Ordinal);
            return null;
        }

        if (usage.OccurredAt > window.Latest)
        {
            usage.Reject("event_in_future", "The time of the event is more than five minutes ahead.");
            return null;
        }

        if (usage.OccurredAt < window.Earliest && !usage.OfEngine)
        {
            usage.Reject("event_too_old", $"The event is older than {clock.EventWindow.TotalDays:0} days.");
            return null;
        }

        var consumer = ConsumerOf(usage);
        var team = usage.Team is { Length: > 0 } ? Directory.Teams[usage.Team].Id : consumer?.TeamAt(usage.OccurredAt) ?? 0;
        if (Directory.PoolFor(usage.Pool, consumer, team) is not { } pool)
        {
            usage.Reject("unknown_pool", $"There is no pool '{usage.Pool}'.");
            return null;
        }

        if (Count(usage, consumer, givesBack) is { } back) return back;
        Book(usage, consumer, team, pool);
        return null;
    }

    // Prices an event by what its period has come to.
    private decimal? Count(UsageEvent usage, Consumer? consumer, bool givesBack)
    {
        if (usage.OpenRating is not { } open || (open.MoneyCurrency is { } currency && currency != Directory.Currency)) return null;
        usage.Rating = Rater.Complete(open, counters!.Of(consumer?.Id ?? 0, usage.OccurredAt));
        if (usage.Rating.Credits.Amount >= 0m && usage.Rating.Rated) return null;
        if (!usage.Rating.Rated)
        {
            counters.Undo();
            return null;
        }

        if (givesBack)
        {
            usage.Rating = usage.Rating.WithoutCredits();
            return null;
        }

        counters.Undo();
        return -usage.Rating.Credits.Amount;
    }

    private void Book(UsageEvent usage, Consumer? consumer, int team, Pool pool)
    {
        var booking = BookingOf(usage.OccurredAt);
        var rating = usage.Rating is { Rated: true, Open: null } candidate && (candidate.MoneyCurrency is null || candidate.MoneyCurrency == Directory.Currency) ? candidate : null;
        usage.Status = rating is null ? EventStatus.Unrated : EventStatus.Accepted;
        usage.Credits = rating?.Credits.Amount ?? 0m;
        (usage.TransactionId, usage.Ordinal) = (booking.Posting.Id, booking.Events++);
        known[(TenantId, usage.Key)] = new KnownEvent(usage.Digest, usage.TransactionId, usage.Ordinal);
        if (usage.OccurredAt > booking.Posting.OccurredAt) booking.Posting.OccurredAt = usage.OccurredAt;

        var revenue = 0m;
        if (rating is not null)
        {
            if (consumer is not null) wallet.Allowances.Add(Directory, consumer.Id, pool.Id, usage.OccurredAt, usage.Credits);
            pieces.Clear();
            booking.Drawing.Draw(pool, usage.Product!, new Overdraw(usage.Meter?.Key, usage.Credits, rating.Quantity), pieces);
            foreach (var piece in pieces) revenue += piece.Value;
            revenue += rating.Money;
            Post(booking.Posting, rating, usage.OccurredAt);
            rated.Add((new RollupKey(TenantId, HourOf(usage.OccurredAt), team, pool.Id, pool.Id, consumer?.Id ?? 0, usage.Product!, "", "", "",
                rating.CostCurrency ?? ""), rating, [.. pieces]));
        }

        cases?.Take(usage);
        rows.Add(new EventRow(usage, consumer?.Id ?? 0, team, pool.Id, revenue, rating?.Money ?? 0m));
    }

    private void Post(LedgerTransaction posting, Rating rating, DateTimeOffset occurredAt)
    {
        if (rating.MoneyCurrency is not null) UsageCharges.Accrue(wallet, posting, periods!, occurredAt, rating, 1, Directory.Currency);
        if (wallet.Period.StartsAt is not null && rating.Money != 0m) wallet.Period = wallet.Period with { Spend = wallet.Period.Spend + rating.Money };
        if (rating.Cost is null or 0m) return;
        foreach (var line in rating.Lines)
        {
            if (line.Cost is { } cost and not 0m) posting.Book(Account.Cogs(line.Vendor!), Account.AccruedCost(line.Vendor!), cost, rating.CostCurrency!);
        }
    }

    private Booking BookingOf(DateTimeOffset occurredAt)
    {
        var day = clock.ReportingZone.DateIn(occurredAt);
        var place = (BookDate: clock.BookDate(day), new DateOnly(day.Year, day.Month, 1)); // what is late keeps its own month: reports tell it from the day it is booked on
        if (bookings.TryGetValue(place, out var booking)) return booking;
        var posting = wallet.Post(new LedgerTransaction(TenantId, "usage", occurredAt, wallet.Now, place.BookDate) { Actor = "intake" });
        return bookings[place] = new Booking(posting, new Drawing(wallet, posting, Directory.PoolsById[Pool.SharedId], at));
    }

    // Neighbouring events mostly share their hour. Zones shift by whole quarters, so a quarter of an hour lies in one hour.
    private DateTimeOffset HourOf(DateTimeOffset instant)
    {
        var quarter = instant.UtcTicks / (15 * TimeSpan.TicksPerMinute);
        if (lastHour.Hour != quarter) lastHour = (quarter, Directory.Zone.HourStart(instant));
        return lastHour.Start;
    }
}
