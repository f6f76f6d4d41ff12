using System.Text;
using System.Text.Json;
using Portal.Domain.Kernel;
using Portal.Domain.Ledger;
using Portal.Domain.Metering.Counters;
using Portal.Domain.Metering.Intake;
using Portal.Domain.Metering.Meters;
using Portal.Domain.Pricing;
using Portal.Domain.Wallet;

namespace Portal.Domain.Metering.Corrections;

/// <summary>What a correction did.</summary>
/// <param name="EventKey">The event.</param>
/// <param name="Status"><c>voided</c> or <c>amended</c>.</param>
/// <param name="Credits">What the event draws now.</param>
/// <param name="Revenue">What it earns now.</param>
/// <param name="Returned">Credits taken back.</param>
/// <param name="Drawn">Credits drawn in addition.</param>
/// <param name="TransactionId">The ledger transaction that books the difference.</param>
public sealed record UsageCorrection(Guid EventKey, string Status, decimal Credits, decimal Revenue, decimal Returned, decimal Drawn, Guid TransactionId);

/// <summary>
/// Voids and amends usage (domain.md §3, §4). The event stays as it was sent; what changes are rows of their own: ratings, parts taken
/// back, one ledger transaction.
/// </summary>
public sealed class UsageCorrections(Catalogues catalogues)
{
    /// <summary>
    /// Voids an event: all it drew goes back, last piece first. Its cost stays, since the work was done, unless it never happened.
    /// Refuses: <c>unknown_event</c>, <c>event_voided</c>, <c>invalid_reason</c>.
    /// </summary>
    /// <param name="wallet">The tenant's wallet.</param>
    /// <param name="source">The event's source.</param>
    /// <param name="id">The event's id.</param>
    /// <param name="reason">A sentence for people, 1 to 500 characters.</param>
    /// <param name="happened">False: the work was never done, so its cost goes too.</param>
    /// <param name="at">When it is taken back, for the books; null: as of when it happened.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public async Task<Result<UsageCorrection>> VoidAsync(
        WalletTransaction wallet, string source, string id, string reason, bool happened = true, DateTimeOffset? at = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(wallet);
        var found = await FindAsync(wallet, source, id, reason, cancellationToken);
        if (found.Problem is { } problem) return problem;
        var standing = found.Value;
        var catalogue = await catalogues.AtLeastAsync(wallet.Clock.CatalogueVersion, cancellationToken);
        var measured = new StandingMeasure(catalogue, wallet.Directory).EventAsItStands(standing);
        var counted = await CounterCorrection.FindAsync(wallet, catalogue, standing, measured, after: null, cancellationToken);
        var voided = await new Voiding(wallet, standing, measured, counted, at).RunAsync(catalogue, reason, happened, cancellationToken);
        if (standing.CostOnly) await DecideAnewAsync(wallet, standing, cancellationToken);
        return voided;
    }

    // What a case was decided by is gone, or says something else: it is looked at again at once.
    private static async Task DecideAnewAsync(WalletTransaction wallet, StandingEvent standing, CancellationToken cancellationToken)
    {
        const string look = """
            update outcome_cases c set due_at = $3 from outcome_case_events e
            where e.tenant_id = $1 and e.event_key = $2 and not e.work and c.tenant_id = $1 and c.product = e.product and c.case_key = e.case_key
            """;
        if (await wallet.ExecuteAsync(look, cancellationToken, wallet.TenantId, standing.Key, wallet.Now) == 0) return;
        wallet.Wallet.DueNoLaterThan(wallet.Now);
        await wallet.SettleAsync(cancellationToken);
    }

    /// <summary>
    /// Amends an event: rates other data at the prices in force when it happened and returns or draws the difference, last piece first.
    /// The cost follows the quantities. Who used it, what for and through which pool cannot change: void it and send it anew.
    /// Refuses: <c>unknown_event</c>, <c>event_voided</c>, <c>invalid_reason</c>, <c>attribution_changed</c>, <c>amended_unrated</c>, and what intake refuses of data.
    /// </summary>
    /// <param name="wallet">The tenant's wallet.</param>
    /// <param name="source">The event's source.</param>
    /// <param name="id">The event's id.</param>
    /// <param name="data">All of its data as they should have been sent.</param>
    /// <param name="reason">A sentence for people, 1 to 500 characters.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public async Task<Result<UsageCorrection>> AmendAsync(
        WalletTransaction wallet, string source, string id, JsonElement data, string reason, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(wallet);
        var found = await FindAsync(wallet, source, id, reason, cancellationToken);
        if (found.Problem is { } problem) return problem;
        var standing = found.Value;
        var catalogue = await catalogues.AtLeastAsync(wallet.Clock.CatalogueVersion, cancellationToken);
        var amended = Read(catalogue, wallet, standing, data);
        if (amended.Problem is { } refused) return refused;
        var measured = new StandingMeasure(catalogue, wallet.Directory).EventAsItStands(standing);
        var counted = await CounterCorrection.FindAsync(wallet, catalogue, standing, measured, amended.Value, cancellationToken);
        if (counted is not null) await counted.GiveBackAsync(catalogue, measured, amended.Value, cancellationToken);
        var done = await new Amendment(
            wallet, standing, counted?.Target ?? amended.Value.Rating!, measured.Rating, AmendmentKind.Amend,
            Encoding.UTF8.GetString(amended.Value.Kept.Span)).RunAsync(reason, cancellationToken);
        if (counted is not null) await counted.WriteAsync(cancellationToken);
        if (standing.CostOnly) await DecideAnewAsync(wallet, standing, cancellationToken);
        return done;
    }

    internal static LedgerTransaction Begin(WalletTransaction wallet, string kind, StandingEvent standing, string reason, string? key = null, DateTimeOffset? at = null) =>
        wallet.Begin(kind, at ?? standing.OccurredAt, key, PublicId.Format(PublicId.Event, wallet.TenantId, standing.Key), reason);

    internal static RollupKey KeyOf(WalletTransaction wallet, StandingEvent standing, string? costCurrency) => new(
        wallet.TenantId, wallet.Directory.Zone.HourStart(standing.OccurredAt), standing.TeamId, standing.PoolNamedId, standing.PoolNamedId,
        standing.ConsumerId, standing.Product ?? "", "", "", "", costCurrency ?? "");

    /// <summary>Takes money of an event out of its period's charges, and puts other money in.</summary>
    internal static async Task BookMoneyAsync(
        WalletTransaction wallet, LedgerTransaction posting, StandingEvent standing, Rating? before, Rating? after, CancellationToken cancellationToken)
    {
        var money = (after?.Money ?? 0m) - (before?.Money ?? 0m);
        if (before?.Money is null or 0m && after?.MoneyCurrency is null) return;
        var periods = await MeteredPeriods.ReadAsync(wallet.Connection, wallet.TenantId, wallet.Directory.Zone, cancellationToken);
        if (before is not null) UsageCharges.Accrue(wallet.Wallet, posting, periods, standing.OccurredAt, before, -1, wallet.Directory.Currency);
        if (after is not null) UsageCharges.Accrue(wallet.Wallet, posting, periods, standing.OccurredAt, after, 1, wallet.Directory.Currency);
        if (wallet.IsOfPeriod(standing.TransactionId)) wallet.Wallet.Period = wallet.Wallet.Period with { Spend = wallet.Wallet.Period.Spend + money };
    }

    internal static void BookCost(LedgerTransaction posting, Rating rating, int sign)
    {
        foreach (var line in rating.Lines)
        {
            if (line.Cost is { } cost and not 0m && rating.CostCurrency is { } currency)
                posting.Book(Account.Cogs(line.Vendor ?? "unknown"), Account.AccruedCost(line.Vendor ?? "unknown"), sign * cost, currency);
        }
    }

    private static async Task<Result<StandingEvent>> FindAsync(WalletTransaction wallet, string source, string id, string reason, CancellationToken cancellationToken)
    {
        if (string.IsNullOrWhiteSpace(reason) || reason.Length > 500)
            return Problem.Field("reason", "invalid_reason", "Say why, in at most 500 characters.");
        await wallet.WriteAsync(cancellationToken); // debts that were settled when the wallet was opened belong to how the event stands
        var standing = await StandingEvent.FindAsync(wallet.Connection, wallet.TenantId, EventIdentity.KeyOf(source, id), cancellationToken);
        if (standing is null) return Problem.NotFound("unknown_event", "There is no such event.");
        return standing.Voided ? Problem.Conflict("event_voided", "The event was voided before.") : standing;
    }

    private static Result<UsageEvent> Read(Catalogue catalogue, WalletTransaction wallet, StandingEvent standing, JsonElement data)
    {
        if (data.ValueKind != JsonValueKind.Object) return Problem.Field("data", "invalid_data", "The data are a JSON object.");
        var parsed = EventParser.Parse(standing.CloudEvent(wallet.Directory.TenantKey, data));
        if (parsed.Problem is { } malformed) return malformed;
        var usage = parsed.Value[0];
        if (usage.Problem is { } refused) return refused;
        new EventMeasuring(catalogue).Measure(usage, wallet.Directory);
        if (usage.Problem is { } unmeasured) return unmeasured;
        if (standing.CostOnly) usage.BecomeWork(standing.Product!);
        if (usage.Product != standing.Product || Differs(usage.Consumer, standing.Consumer) || Differs(usage.Team, standing.Team) || Differs(usage.Pool, standing.Pool))
            return Problem.Unprocessable("attribution_changed", "Consumer, team, pool and product of an event stay. Void it, and send it again under another id.");
        return usage.Rating is { Rated: true } rating && (rating.MoneyCurrency is null || rating.MoneyCurrency == wallet.Directory.Currency)
            ? usage
            : Problem.Unprocessable("amended_unrated", "No rate covers the amended data.");
    }

    private static bool Differs(string? named, string? stands) => !string.IsNullOrEmpty(named) && named != stands;
}
