using System.Text.Json;
using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Invoicing;
using Portal.Domain.Kernel;
using Portal.Domain.Subscriptions;
using Portal.Domain.Subscriptions.Contracts;
using Portal.Domain.Tenants;
using Portal.Domain.Wallet;
using Portal.Web.Api.Http;

namespace Portal.Web.Api;

/// <summary>A tenant's subscriptions.</summary>
public static class SubscriptionsApi
{
    private const string Example = """
        {"plan":"pro","starts_at":"2026-01-01T00:00:00Z","anchor_day":1,"exhaustion":"overage","spend_cap":"500.00","trial_until":null}
        """;

    /// <summary>Maps the endpoints.</summary>
    public static void Map(RouteGroupBuilder tenant)
    {
        var subscriptions = tenant.MapGroup("/subscriptions").WithTags("Subscriptions");
        subscriptions.MapGet("", ListAsync).RequireScope(Scope.Read).Answers<Listing<SubscriptionDocument>>().Says("List subscriptions", "Newest first, those that ended too.");
        subscriptions.MapPost("", StartAsync).PlatformOnly().Answers<SubscriptionDocument>(201).Says(
            "Subscribe to a plan",
            "The version that is sold now is kept. `starts_at` may lie back or ahead; what fell due since is done before the answer. One subscription is active at a time.",
            Example);
        subscriptions.MapGet("/{id}", GetAsync).RequireScope(Scope.Read).Answers<SubscriptionDocument>().Says("Get a subscription");
        subscriptions.MapPatch("/{id}", ChangeAsync).RequireScope(Scope.Manage).Answers<SubscriptionDocument>().Says(
            "Change or cancel a subscription",
            "`plan` takes another plan, `quantities` other seats; `?preview=true` books nothing and answers the invoice that it would make. `cancel` is `now` or `period_end`; null takes a cancellation to come back. A tenant's key may lower `spend_cap`; only the platform raises or clears it or sets `exhaustion` or a coupon.",
            """{"cancel":"period_end"}""");
        subscriptions.MapDelete("/{id}", CancelAsync).RequireScope(Scope.Manage).Produces(204).Says(
            "Cancel a subscription now", "Its credits stay until they expire.");
    }

    private static async Task<IResult> ListAsync([AsParameters] PageQuery query, PathTenant tenant, NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        var page = query.Read();
        if (page.Problem is { } problem) return new ProblemAnswer(problem);
        var after = page.Value.AfterId();
        if (after.Problem is { } invalid) return new ProblemAnswer(invalid);
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        var found = await SubscriptionQuery.ListAsync(connection, tenant.Id, page.Value.Fetch, after.Value, cancellationToken);
        return page.Value.Answer(found, subscription => subscription.Id.ToString("N"), SubscriptionDocument.Of);
    }

    private static async Task<IResult> GetAsync(string id, PathTenant tenant, TenantReads reads, CancellationToken cancellationToken)
    {
        if (!TryParse(tenant, id, out var subscriptionId)) return new ProblemAnswer(Unknown);
        return await reads.RunAsync(tenant.Id, read => DocumentAsync(read, subscriptionId, cancellationToken), cancellationToken) is { } found
            ? Answer.Ok(found)
            : new ProblemAnswer(Unknown);
    }

    /// <summary>A subscription as GET answers it; null when the tenant has no such one.</summary>
    internal static async Task<SubscriptionDocument?> DocumentAsync(TenantRead read, Guid id, CancellationToken cancellationToken)
    {
        if (await SubscriptionQuery.FindAsync(read.Connection, read.TenantId, id, cancellationToken) is not { } found) return null;
        var progress = await CommitProgress.ReadAsync(read, found, cancellationToken);
        return SubscriptionDocument.Of(found) with { CommitPeriods = found.Contract?.Commit is null ? null : [.. progress.Select(CommitProgressDocument.Of)] };
    }

    private static async Task<IResult> StartAsync(
        Body<NewSubscription> body, bool? preview, PathTenant tenant, HttpContext http, ApiWrites writes, Wallets wallets, CancellationToken cancellationToken)
    {
        if (body.Value.Unsupported() is { } unsupported) return new ProblemAnswer(unsupported);
        if (preview == true) return await PreviewAsync(tenant, wallets, wallet => Subscribing.StartAsync(wallet, body.Value.ToOrder(), cancellationToken), cancellationToken);
        return await writes.InWalletAsync(http, tenant.Id, async wallet =>
        {
            var started = await Subscribing.StartAsync(wallet, body.Value.ToOrder(), cancellationToken);
            if (started.Problem is { } problem) return problem;
            var made = started.Value;
            await NoteAsync(wallet, "subscription.started", made, cancellationToken);
            return Answer.Created($"/v1/tenants/{tenant.Key}/subscriptions/{made.PublicId}", SubscriptionDocument.Of(made));
        });
    }

    private static async Task<IResult> ChangeAsync(
        string id, Body<SubscriptionPatch> body, bool? preview, PathTenant tenant, HttpContext http, ApiCaller caller, ApiWrites writes, Wallets wallets,
        CancellationToken cancellationToken)
    {
        if (!TryParse(tenant, id, out var subscriptionId)) return new ProblemAnswer(Unknown);
        if (body.Value.Unsupported() is { } unsupported) return new ProblemAnswer(unsupported);
        var change = body.Value.ToChange(caller.IsPlatform);
        if (preview == true) return await PreviewAsync(tenant, wallets, wallet => SubscriptionChange.MakeAsync(wallet, subscriptionId, change, cancellationToken), cancellationToken);
        return await writes.InWalletAsync(http, tenant.Id, async wallet =>
            (await MakeAsync(wallet, subscriptionId, change, cancellationToken)).Map(changed => Answer.Ok(SubscriptionDocument.Of(changed))));
    }

    private static async Task<IResult> CancelAsync(
        string id, PathTenant tenant, HttpContext http, ApiCaller caller, ApiWrites writes, CancellationToken cancellationToken)
    {
        if (!TryParse(tenant, id, out var subscriptionId)) return new ProblemAnswer(Unknown);
        return await writes.InWalletAsync(http, tenant.Id, async wallet =>
            (await MakeAsync(wallet, subscriptionId, new SubscriptionChange("now", ByPlatform: caller.IsPlatform), cancellationToken)).Map(_ => Answer.Nothing()));
    }

    // A preview books nothing and answers the invoice that it would make.
    private static async Task<IResult> PreviewAsync(
        PathTenant tenant, Wallets wallets, Func<WalletTransaction, Task<Result<Subscription>>> work, CancellationToken cancellationToken)
    {
        var invoice = await wallets.PreviewAsync<Invoice>(tenant.Id, async wallet =>
        {
            if (await work(wallet) is { Problem: { } problem }) return problem;
            return await InvoiceQuery.AfterChangeAsync(wallet, cancellationToken) is { } made ? made : Problem.NotFound("nothing_upcoming", "Nothing is to be invoiced.");
        }, cancellationToken);
        return invoice.Match<IResult>(made => Answer.Ok(InvoiceDocument.Of(made, tenant.Key)), problem => new ProblemAnswer(problem));
    }

    private static async Task<Result<Subscription>> MakeAsync(WalletTransaction wallet, Guid id, SubscriptionChange change, CancellationToken cancellationToken)
    {
        var made = await SubscriptionChange.MakeAsync(wallet, id, change, cancellationToken);
        if (made.Succeeded) await NoteAsync(wallet, change.Cancel is null ? "subscription.changed" : "subscription.cancelled", made.Value, cancellationToken);
        return made;
    }

    private static Task NoteAsync(WalletTransaction wallet, string action, Subscription subscription, CancellationToken cancellationToken) => Audit.WriteAsync(
        wallet.Connection, wallet.TenantId, wallet.Now, wallet.Actor, action, subscription.PublicId,
        new { subscription.Plan, Version = subscription.PlanVersion, subscription.Exhaustion, subscription.SpendCap, subscription.CancelAt, subscription.PauseAt }, cancellationToken);

    private static bool TryParse(PathTenant tenant, string text, out Guid id) =>
        PublicId.TryParse(PublicId.Subscription, text, out var owner, out id) && owner == tenant.Id;

    private static Problem Unknown => Problem.NotFound("unknown_subscription", "There is no such subscription.");

    internal static Problem NotYet(string field) => Problem.Field(field, "not_supported_yet", $"{field} is not supported yet.") with { Kind = ProblemKind.Unprocessable };
}

/// <summary>A subscription to make.</summary>
/// <param name="Plan">Key of the plan.</param>
/// <param name="StartsAt">Default now; may lie back or ahead.</param>
/// <param name="AnchorDay">Day of the month on which periods begin, 1 to 31; default the day on which billing starts.</param>
/// <param name="Quantities">Seats by the plan's item.</param>
/// <param name="Exhaustion">`block` (default) or `overage`.</param>
/// <param name="SpendCap">Most money that a billing period may accrue; null for no limit.</param>
/// <param name="Coupon">Key of a coupon, from the first billing period on.</param>
/// <param name="TrialUntil">Until then credits cost nothing and expire at that instant.</param>
/// <param name="Start">`now`.</param>
/// <param name="Contract">What is agreed besides the plan.</param>
public sealed record NewSubscription(
    string Plan, DateTimeOffset? StartsAt = null, int? AnchorDay = null, Dictionary<string, decimal>? Quantities = null, string? Exhaustion = null,
    decimal? SpendCap = null, string? Coupon = null, DateTimeOffset? TrialUntil = null, string? Start = null, ContractDefinition? Contract = null)
{
    internal Problem? Unsupported()
    {
        return Start is null or "now" ? null : Problem.Field("start", "invalid_start", "A subscription starts now, or at starts_at.");
    }

    internal SubscriptionOrder ToOrder() => new(Plan, StartsAt, AnchorDay, Exhaustion, SpendCap, TrialUntil)
    {
        Quantities = Quantities ?? [],
        Coupon = Coupon,
        Contract = Contract,
    };
}

/// <summary>What of a subscription changes.</summary>
public sealed record SubscriptionPatch
{
    /// <summary>`now` or `period_end`; null takes a cancellation to come back.</summary>
    public Optional<string> Cancel { get; init; }

    /// <summary>`block` or `overage`; null is `block`.</summary>
    public Optional<string> Exhaustion { get; init; }

    /// <summary>Most money that a billing period may accrue; null for no limit.</summary>
    public Optional<decimal?> SpendCap { get; init; }

    /// <summary>Key of another plan: at once when it costs as much or more, else when the period ends.</summary>
    public Optional<string> Plan { get; init; }

    /// <summary>Seats by the plan's item, of those that change.</summary>
    public Optional<Dictionary<string, decimal>> Quantities { get; init; }

    /// <summary>`true` pauses as the period ends.</summary>
    public Optional<bool?> Pause { get; init; }

    /// <summary>`true` takes a pause back, or ends it with a new period.</summary>
    public Optional<bool?> Resume { get; init; }

    /// <summary>Key of a coupon, from the next billing period on.</summary>
    public Optional<string> Coupon { get; init; }

    /// <summary>Not supported yet.</summary>
    public Optional<JsonElement?> Contract { get; init; }

    internal Problem? Unsupported() =>
        Coupon is { IsSet: true, Value: null } ? Problem.Field("coupon", "invalid_coupon", "A coupon that was redeemed stays.")
        : Contract.IsSet ? SubscriptionsApi.NotYet("contract")
        : null;

    internal SubscriptionChange ToChange(bool byPlatform) => new(
        Cancel.IsSet ? Cancel.Value ?? "none" : null, Exhaustion.IsSet ? Exhaustion.Value ?? "block" : null, SpendCap.IsSet, SpendCap.Value, byPlatform)
    {
        Plan = Plan.Value,
        Coupon = Coupon.Value,
        Quantities = Quantities.Value,
        Pause = Pause.Value == true,
        Resume = Resume.Value == true,
    };
}

/// <summary>A subscription as the API shows it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Plan">Key of the plan.</param>
/// <param name="PlanVersion">The version that was sold.</param>
/// <param name="State">`trialing`, `active`, `past_due`, `suspended`, `paused` or `cancelled`.</param>
/// <param name="StartsAt">When it starts.</param>
/// <param name="AnchorDay">Day of the month on which periods begin.</param>
/// <param name="TrialUntil">When the trial ends; null for none.</param>
/// <param name="Exhaustion">`block` or `overage`.</param>
/// <param name="SpendCap">Most money that a billing period may accrue; null for no limit.</param>
/// <param name="Currency">ISO 4217.</param>
/// <param name="Period">The billing period that runs; null before the first and after the end.</param>
/// <param name="CancelAt">When it will end; null: it goes on.</param>
/// <param name="PauseAt">The period's end at which it pauses, or did; null: it goes on.</param>
/// <param name="CancelledAt">When it ended.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="Quantities">Seats by the plan's item.</param>
/// <param name="Contract">What is agreed besides the plan; null for nothing.</param>
/// <param name="Coupon">Key of the coupon that covers the billing period that runs, or the first; null for none.</param>
/// <param name="CommitPeriods">How far the commit is spent, period by period; only when the subscription is asked for alone.</param>
public sealed record SubscriptionDocument(
    string Id, string Plan, int PlanVersion, string State, DateTimeOffset StartsAt, int AnchorDay, DateTimeOffset? TrialUntil, string Exhaustion,
    decimal? SpendCap, string Currency, SubscriptionPeriodDocument? Period, DateTimeOffset? CancelAt, DateTimeOffset? PauseAt, DateTimeOffset? CancelledAt, DateTimeOffset CreatedAt, IReadOnlyDictionary<string, decimal> Quantities,
    ContractDefinition? Contract, string? Coupon, IReadOnlyList<CommitProgressDocument>? CommitPeriods = null)
{
    /// <summary>The document of a subscription.</summary>
    public static SubscriptionDocument Of(Subscription subscription)
    {
        ArgumentNullException.ThrowIfNull(subscription);
        return new(
            subscription.PublicId, subscription.Plan, subscription.PlanVersion, subscription.State, subscription.StartsAt, subscription.AnchorDay,
            subscription.TrialUntil, subscription.Exhaustion, subscription.SpendCap, subscription.Currency,
            subscription.Period is { } period ? new SubscriptionPeriodDocument(period.StartsAt, period.EndsAt) : null,
            subscription.CancelAt, subscription.PauseAt, subscription.CancelledAt, subscription.CreatedAt, subscription.Quantities, subscription.Contract,
            subscription.CouponOf(subscription.Period?.Number ?? 0)?.Key);
    }
}

/// <summary>A billing period.</summary>
/// <param name="Start">Its begin.</param>
/// <param name="End">Its end, which is outside.</param>
public sealed record SubscriptionPeriodDocument(DateTimeOffset Start, DateTimeOffset End);

/// <summary>How far a period of a commit is spent.</summary>
/// <param name="Start">Its begin.</param>
/// <param name="End">Its end, which is outside.</param>
/// <param name="Committed">What is committed in it.</param>
/// <param name="Spent">What counts against it so far.</param>
/// <param name="TrueUp">Of a period that ended, what was charged to bring it up to the commit.</param>
/// <param name="ForecastSpend">Of the running one, what it would come to at this pace; null before a day has passed, and of others.</param>
/// <param name="ForecastTrueUp">And what would be missing then.</param>
public sealed record CommitProgressDocument(
    DateTimeOffset Start, DateTimeOffset End, decimal Committed, decimal Spent, decimal TrueUp, decimal? ForecastSpend, decimal? ForecastTrueUp)
{
    internal static CommitProgressDocument Of(CommitProgress progress) => new(
        progress.Period.StartsAt, progress.Period.EndsAt, progress.Committed, progress.Spent, progress.TrueUp, progress.ForecastSpend, progress.ForecastTrueUp);
}
