using Npgsql;
using Portal.Domain.Kernel;
using Portal.Domain.Outcomes;
using Portal.Domain.Tenants;
using Portal.Domain.Wallet;
using Portal.Web.Api.Http;

namespace Portal.Web.Api;

/// <summary>Cases of outcomes: what became of them and why, disputes.</summary>
public static class OutcomeCasesApi
{
    /// <summary>Maps the endpoints.</summary>
    public static void Map(RouteGroupBuilder tenant)
    {
        var cases = tenant.MapGroup("/outcomes/cases").WithTags("Outcomes");
        cases.MapGet("", ListAsync).RequireScope(Scope.Read).Answers<Listing<CaseDocument>>().Says(
            "List cases", "Newest opened first. `status` is `pending`, `settling`, `billed` or `rejected`; `from` and `to` bound when they opened, half-open.");
        cases.MapGet("/{case}", GetAsync).RequireScope(Scope.Read).Answers<CaseDocument>().Says(
            "Get a case", "With the version of the rule that decided, the line, and its events; `decided` marks those that made it so. `product` says which, where several have a case of that name.");
        cases.MapPost("/{case}/dispute", DisputeAsync).RequireScope(Scope.Manage).Answers<CaseDocument>().Says(
            "Dispute a case", "One that is billed or about to be, once.", """{"reason":"The customer asked again the next day."}""");
        cases.MapPost("/{case}/decide", DecideAsync).PlatformOnly().Answers<CaseDocument>().Says(
            "Decide a dispute", "Accepted, what the case billed is voided and it bills no more.", """{"accept":true,"reason":"It was not resolved."}""");
    }

    private static async Task<IResult> ListAsync(
        [AsParameters] PageQuery query, PathTenant tenant, Wallets wallets, NpgsqlDataSource source, string? status, string? from, string? to,
        CancellationToken cancellationToken)
    {
        var page = query.Read();
        if (page.Problem is { } problem) return new ProblemAnswer(problem);
        if (status is not null && !CaseQuery.States.Contains(status, StringComparer.Ordinal))
            return new ProblemAnswer(Problem.Field("status", "invalid_status", $"The status is one of {string.Join(", ", CaseQuery.States)}."));
        if (Instant("from", from) is { Problem: { } wrongFrom }) return new ProblemAnswer(wrongFrom);
        if (Instant("to", to) is { Problem: { } wrongTo }) return new ProblemAnswer(wrongTo);
        if (!CaseQuery.TryReadPlace(page.Value.After, out var after)) return new ProblemAnswer(PageQuery.InvalidCursor);
        await wallets.SettleAsync(tenant.Id, cancellationToken);
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        var found = await CaseQuery.ListAsync(
            connection, tenant.Id, new CaseFilter(status, Instant("from", from).Value, Instant("to", to).Value), after, page.Value.Fetch, cancellationToken: cancellationToken);
        return page.Value.Answer(found, one => CaseQuery.PlaceOf(one.Case), one => CaseDocument.Of(tenant.Id, one));
    }

    private static async Task<IResult> GetAsync(
        string @case, string? product, PathTenant tenant, HttpContext http, Wallets wallets, NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        await wallets.SettleAsync(tenant.Id, cancellationToken);
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        var document = await DocumentAsync(connection, tenant.Id, @case, product, http.Caller().IsPlatform, cancellationToken);
        return document.Match<IResult>(Answer.Ok, problem => new ProblemAnswer(problem));
    }

    private static Task<IResult> DisputeAsync(
        string @case, string? product, Body<CaseDispute> body, PathTenant tenant, HttpContext http, ApiWrites writes, CancellationToken cancellationToken) =>
        writes.InWalletAsync(http, tenant.Id, async wallet =>
        {
            var disputed = await Disputes.OpenAsync(wallet, @case, product, body.Value.Reason, cancellationToken);
            return await FinishAsync(wallet, disputed, "case.disputed", body.Value.Reason, http, cancellationToken);
        });

    private static Task<IResult> DecideAsync(
        string @case, string? product, Body<CaseDecision> body, PathTenant tenant, HttpContext http, ApiWrites writes, CancellationToken cancellationToken) =>
        writes.InWalletAsync(http, tenant.Id, async wallet =>
        {
            var decided = await Disputes.DecideAsync(wallet, @case, product, body.Value.Accept, body.Value.Reason, cancellationToken);
            return await FinishAsync(wallet, decided, body.Value.Accept ? "case.dispute_accepted" : "case.dispute_rejected", body.Value.Reason, http, cancellationToken);
        });

    private static async Task<Result<Answer>> FinishAsync(
        WalletTransaction wallet, Result<OutcomeCase> changed, string action, string reason, HttpContext http, CancellationToken cancellationToken)
    {
        if (changed.Problem is { } problem) return problem;
        var one = changed.Value;
        await Audit.WriteAsync(
            wallet.Connection, wallet.TenantId, wallet.Now, wallet.Actor, action, one.Key, new { one.Product, one.Rule, reason }, cancellationToken);
        await wallet.WriteAsync(cancellationToken);
        return (await DocumentAsync(wallet.Connection, wallet.TenantId, one.Key, one.Product, http.Caller().IsPlatform, cancellationToken)).Map(Answer.Ok);
    }

    private static async Task<Result<CaseDocument>> DocumentAsync(
        NpgsqlConnection connection, long tenantId, string key, string? product, bool platform, CancellationToken cancellationToken)
    {
        var found = await CaseQuery.FindBilledAsync(connection, tenantId, key, product, cancellationToken: cancellationToken);
        if (found.Problem is { } problem) return problem;
        var events = await CaseQuery.EventsAsync(connection, tenantId, found.Value.Case, cancellationToken: cancellationToken);
        var rule = await OutcomeRules.FindAsync(connection, found.Value.Case.Rule, cancellationToken);
        return CaseDocument.Of(tenantId, found.Value) with
        {
            RuleDefinition = rule?.Versions.FirstOrDefault(version => version.Version == found.Value.Case.RuleVersion)?.Definition,
            Evidence = [.. events.Select(one => CaseEventDocument.Of(tenantId, one, found.Value.Case.DecidedBy.Contains(one.Key), platform))],
        };
    }

    private static Result<DateTimeOffset?> Instant(string field, string? text)
    {
        if (text is null) return (DateTimeOffset?)null;
        return InstantText.TryParse(text, out var instant)
            ? (DateTimeOffset?)instant
            : Problem.Field(field, "invalid_instant", "An instant is expected as RFC 3339 with an offset, such as 2026-01-01T00:00:00Z.");
    }
}

/// <summary>Why a case is disputed.</summary>
/// <param name="Reason">1 to 500 characters.</param>
public sealed record CaseDispute(string Reason);

/// <summary>What is decided of a dispute.</summary>
/// <param name="Accept">True when the customer is right.</param>
/// <param name="Reason">1 to 500 characters.</param>
public sealed record CaseDecision(bool Accept, string Reason);

/// <summary>A dispute as the API shows it.</summary>
/// <param name="Status">`open`, `accepted` or `rejected`.</param>
/// <param name="Reason">Why.</param>
/// <param name="At">Since when.</param>
/// <param name="Answer">What the platform said.</param>
/// <param name="DecidedAt">When.</param>
public sealed record CaseDisputeDocument(string Status, string? Reason, DateTimeOffset? At, string? Answer, DateTimeOffset? DecidedAt);

/// <summary>An event of a case as the API shows it.</summary>
/// <param name="Event">Its public id.</param>
/// <param name="Type">Its type.</param>
/// <param name="Time">When it happened.</param>
/// <param name="Decided">True when it made the case what it is.</param>
/// <param name="Work">Usage that is rated for its cost alone and decides nothing.</param>
/// <param name="Data">The properties that the rule reads.</param>
/// <param name="Cost">What the platform paid; platform keys only, null when unknown.</param>
/// <param name="CostCurrency">Its currency.</param>
public sealed record CaseEventDocument(
    string Event, string Type, DateTimeOffset Time, bool Decided, bool Work, IReadOnlyDictionary<string, string> Data, decimal? Cost, string? CostCurrency)
{
    /// <summary>The document of an event.</summary>
    public static CaseEventDocument Of(long tenantId, EventOfCase one, bool decided, bool platform)
    {
        ArgumentNullException.ThrowIfNull(one);
        return new(
            PublicId.Format(PublicId.Event, tenantId, one.Key), one.Type, one.OccurredAt, decided, one.Work, one.Data, platform ? one.Cost : null,
            platform ? one.CostCurrency : null);
    }
}

/// <summary>A case as the API shows it.</summary>
/// <param name="Case">Its name, as its events say it.</param>
/// <param name="Product">The outcome product.</param>
/// <param name="Rule">The rule that it opened under.</param>
/// <param name="RuleVersion">The rule's version.</param>
/// <param name="Line">Index of the line that decided; null for none.</param>
/// <param name="Status">`pending`, `settling`, `billed` or `rejected`.</param>
/// <param name="Reason">Why; null while pending.</param>
/// <param name="Consumer">Who used it; null for nobody named.</param>
/// <param name="OpenedAt">When the event that opened it happened.</param>
/// <param name="DecidedAt">Since when it is decided like that.</param>
/// <param name="SettlesAt">When it bills unless something happens.</param>
/// <param name="BilledAt">When it was billed last.</param>
/// <param name="ReversedAt">When a bill was last taken back.</param>
/// <param name="Billed">Public id of the event that bills it; null when none does.</param>
/// <param name="TimesBilled">How often, those taken back too.</param>
/// <param name="Credits">What the bill draws now.</param>
/// <param name="Revenue">What the bill earns now, in the tenant's currency.</param>
/// <param name="Events">How many events it has.</param>
/// <param name="Dispute">Null: nobody disputed it.</param>
/// <param name="RuleDefinition">The version, when the case is asked for alone.</param>
/// <param name="Evidence">Its events in order, at most 1000, when it is asked for alone.</param>
public sealed record CaseDocument(
    string Case, string Product, string Rule, int RuleVersion, int? Line, string Status, string? Reason, string? Consumer, DateTimeOffset OpenedAt,
    DateTimeOffset? DecidedAt, DateTimeOffset? SettlesAt, DateTimeOffset? BilledAt, DateTimeOffset? ReversedAt, string? Billed, int TimesBilled, decimal? Credits,
    decimal? Revenue, int Events, CaseDisputeDocument? Dispute, OutcomeRuleDefinition? RuleDefinition = null, IReadOnlyList<CaseEventDocument>? Evidence = null)
{
    /// <summary>The document of a case.</summary>
    public static CaseDocument Of(long tenantId, BilledCase billed)
    {
        ArgumentNullException.ThrowIfNull(billed);
        var one = billed.Case;
        return new(
            one.Key, one.Product, one.Rule, one.RuleVersion, one.Line, one.State, one.Reason, one.Consumer, one.OpenedAt, one.DecidedAt, one.SettlesAt,
            one.BilledAt, one.ReversedAt, one.BilledEvent is { } key ? PublicId.Format(PublicId.Event, tenantId, key) : null, one.TimesBilled, billed.Credits,
            billed.Revenue, one.Events,
            one.Dispute is null ? null : new CaseDisputeDocument(one.Dispute, one.DisputeReason, one.DisputedAt, one.DisputeAnswer, one.DisputeDecidedAt));
    }
}
