using System.Text;
using System.Text.Json;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Metering.Intake;
using Portal.Domain.Tenants;
using Portal.Domain.Wallet;
using Portal.Web.Api.Http;

namespace Portal.Web.Api;

/// <summary>Credits reserved for work in progress.</summary>
public static class HoldsApi
{
    private const string CloudEvents = "application/cloudevents+json", Json = "application/json";

    private const string Event = """
        {"specversion":"1.0","type":"llm.completion","source":"gateway-eu","id":"01JH7Z3V5Q8K2M4N6P8R0T2V4X","subject":"acme",
         "time":"2026-03-01T10:15:00Z","data":{"model":"gpt-4o","input_tokens":4808,"output_tokens":10,"consumer":"ana","pool":"team-a"}}
        """;

    /// <summary>Maps the endpoints.</summary>
    public static void Map(RouteGroupBuilder v1)
    {
        var holds = v1.MapGroup("/holds").WithTags("Holds");
        holds.MapPost("", PlaceAsync).RequireScope(Scope.HoldsWrite).Answers<HoldDocument>(201).Says(
            "Reserve credits",
            "Give `credits`, or as `estimate` a CloudEvent that is rated at the prices in force; its consumer, pool and product serve unless they are given. All of it is reserved or nothing: 402 says in `limit` which limit refused, `available` how much would pass, `frees_at` when more may. A hold frees itself after `ttl_seconds` (1 to 604800, default 600).",
            """{"tenant":"acme","consumer":"ana","pool":"team-a","product":"llm","credits":"5","ttl_seconds":600}""");
        holds.MapGet("/{id}", GetAsync).RequireScope(Scope.Read).Answers<HoldDocument>().Says("Get a hold");
        holds.MapPatch("/{id}", ChangeAsync).RequireScope(Scope.HoldsWrite).Answers<HoldDocument>().Says(
            "Extend or resize a hold", "`ttl_seconds` counts from now; growing `credits` is checked like a new hold of that size.", """{"ttl_seconds":600,"credits":"8"}""");
        holds.MapPost("/{id}/capture", CaptureAsync).RequireScope(Scope.HoldsWrite).Answers<CaptureAnswer>().Accepts<JsonElement>(Json, CloudEvents).Says(
            "Book the real usage and free the hold",
            "Send a CloudEvent, or `{\"credits\":\"4.5\"}`. It may be less or more than was held. After the hold expired it still books (`\"hold\":\"expired\"`); a repeat with the same body gets the first answer. What the event leaves open, consumer and pool, is the hold's.",
            Event);
        holds.MapDelete("/{id}", ReleaseAsync).RequireScope(Scope.HoldsWrite).Produces(StatusCodes.Status204NoContent)
            .Says("Release a hold", "Released again it answers the same; after a capture 409.");
    }

    private static async Task<IResult> PlaceAsync(
        Body<NewHold> body, HttpContext http, ApiWrites writes, UsageIntake intake, CancellationToken cancellationToken)
    {
        var tenant = await http.FindTenantAsync(body.Value.Tenant);
        if (tenant.Problem is { } unknown) return new ProblemAnswer(unknown);
        var order = await OrderAsync(body.Value, tenant.Value, intake, cancellationToken);
        if (order.Problem is { } invalid) return new ProblemAnswer(invalid);
        return await writes.InWalletAsync(http, tenant.Value.Id, async wallet =>
            (await Holds.PlaceAsync(wallet, order.Value, cancellationToken))
                .Map(hold => Answer.Created($"/v1/holds/{hold.PublicId}", HoldDocument.Of(hold, tenant.Value.Key, wallet.Now))));
    }

    private static async Task<IResult> GetAsync(string id, HttpContext http, TenantReads reads, CancellationToken cancellationToken)
    {
        if (!TryRead(id, http, out var tenantId, out var holdId)) return Unknown();
        var tenant = await http.FindTenantAsync(Tenant.FormatId(tenantId));
        if (!tenant.Succeeded) return Unknown();
        var found = await reads.RunAsync(
            tenantId, async read => await Hold.FindAsync(read.Connection, tenantId, holdId, cancellationToken) is { } hold
                ? HoldDocument.Of(hold, tenant.Value.Key, read.Now)
                : null,
            cancellationToken);
        return found is null ? Unknown() : Answer.Ok(found);
    }

    private static async Task<IResult> ChangeAsync(string id, Body<HoldPatch> body, HttpContext http, ApiWrites writes, CancellationToken cancellationToken)
    {
        if (!TryRead(id, http, out var tenantId, out var holdId)) return Unknown();
        var (ttl, credits) = (body.Value.TtlSeconds, body.Value.Credits);
        if (credits is { IsSet: true, Value: null }) return new ProblemAnswer(Problem.Field("credits", "invalid_credits", "The credits cannot be cleared."));
        var span = ttl.IsSet ? ttl.Value is { } seconds ? TimeSpan.FromSeconds(seconds) : Holds.DefaultTtl : (TimeSpan?)null;
        return Hidden(await writes.InWalletAsync(http, tenantId, async wallet =>
            (await Holds.ChangeAsync(wallet, holdId, span, credits.Value, cancellationToken))
                .Map(hold => Answer.Ok(HoldDocument.Of(hold, wallet.Directory.TenantKey, wallet.Now)))));
    }

    private static async Task<IResult> CaptureAsync(string id, HttpContext http, ApiWrites writes, Captures captures, CancellationToken cancellationToken)
    {
        if (!TryRead(id, http, out var tenantId, out var holdId)) return Unknown();
        var order = await CaptureOrderAsync(http);
        if (order.Problem is { } invalid) return new ProblemAnswer(invalid);
        return Hidden(await writes.InWalletAsync(http, tenantId, async wallet =>
            (await captures.CaptureAsync(wallet, holdId, order.Value, cancellationToken)).Map(answer => Answer.Ok(answer))));
    }

    private static async Task<IResult> ReleaseAsync(string id, HttpContext http, ApiWrites writes, CancellationToken cancellationToken)
    {
        if (!TryRead(id, http, out var tenantId, out var holdId)) return Unknown();
        return Hidden(await writes.InWalletAsync(http, tenantId, async wallet =>
            (await Holds.ReleaseAsync(wallet, holdId, cancellationToken)).Map(_ => Answer.Nothing())));
    }

    private static async Task<Result<HoldOrder>> OrderAsync(NewHold body, PathTenant tenant, UsageIntake intake, CancellationToken cancellationToken)
    {
        if (body.Credits is null == body.Estimate is null)
            return Problem.Field("credits", "invalid_hold", "A hold names either credits or an event to estimate.");
        var ttl = body.TtlSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : (TimeSpan?)null;
        if (body.Credits is { } credits) return new HoldOrder(credits, body.Consumer, body.Pool, body.Product, ttl);
        var estimated = await intake.EstimateAsync(Encoding.UTF8.GetBytes(body.Estimate!.Value.GetRawText()), tenant.Id, cancellationToken);
        if (estimated.Problem is { } problem) return problem;
        var usage = estimated.Value;
        if (usage.Rating is not { Rated: true } rating)
            return Problem.Unprocessable("estimate_unrated", "No meter or rate covers the event, so it cannot be estimated; name the credits.");
        return new HoldOrder(
            Math.Max(0m, rating.Credits.Amount), body.Consumer ?? NullIfEmpty(usage.Consumer), body.Pool ?? usage.Pool, body.Product ?? usage.Product, ttl, Math.Max(0m, rating.Money),
            NullIfEmpty(usage.Team))
        {
            Measured = usage.Meter is { } meter ? (meter.Key, Math.Max(0m, rating.Quantity)) : null,
        };
    }

    private static async Task<Result<CaptureOrder>> CaptureOrderAsync(HttpContext http)
    {
        if (http.Request.ContentType?.Split(';', 2)[0].Trim() is not (Json or CloudEvents))
            return new Problem(ProblemKind.Invalid, ApiProblems.UnsupportedMediaType, $"Send {Json} or {CloudEvents}.");
        var body = await http.ReadBodyAsync();
        if (body.Problem is { } problem) return problem;
        if (!NamesCredits(body.Value)) return new CaptureOrder(body.Value);
        var amount = Body<CapturedAmount>.Map(body.Value);
        return amount.Problem is { } invalid ? invalid : new CaptureOrder(default, amount.Value.Credits);
    }

    // A CloudEvent has no member of that name beside its data; what is no JSON is left to the parser of events.
    private static bool NamesCredits(ReadOnlyMemory<byte> json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            return document.RootElement.ValueKind == JsonValueKind.Object
                && document.RootElement.TryGetProperty("credits", out _) && !document.RootElement.TryGetProperty("specversion", out _);
        }
        catch (JsonException)
        {
            return false;
        }
    }

    // The id says whose it is; another tenant's is as unknown as one that never was.
    private static bool TryRead(string id, HttpContext http, out long tenantId, out Guid holdId) =>
        PublicId.TryParse(PublicId.Hold, id, out tenantId, out holdId) && (http.Caller().OnlyTenant is not { } own || own == tenantId);

    private static IResult Hidden(IResult answer) => answer is ProblemAnswer { Code: "unknown_tenant" } ? Unknown() : answer;

    private static ProblemAnswer Unknown() => new(Problem.NotFound("unknown_hold", "There is no such hold."));

    private static string? NullIfEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;
}

/// <summary>Credits to reserve.</summary>
/// <param name="Tenant">Key or id of the tenant.</param>
/// <param name="Credits">0 or more; or give `estimate`.</param>
/// <param name="Estimate">A CloudEvent whose credits are reserved.</param>
/// <param name="Consumer">Key of the consumer that will use them.</param>
/// <param name="Pool">Key of the pool; default the consumer's, its team's, else `shared`.</param>
/// <param name="Product">Key of the product; absent: only unrestricted credits serve.</param>
/// <param name="TtlSeconds">1 to 604800; default 600.</param>
public sealed record NewHold(
    string Tenant, decimal? Credits = null, JsonElement? Estimate = null, string? Consumer = null, string? Pool = null, string? Product = null, int? TtlSeconds = null);

/// <summary>What of a hold changes.</summary>
public sealed record HoldPatch
{
    /// <summary>1 to 604800 from now on; null is 600.</summary>
    public Optional<int?> TtlSeconds { get; init; }

    /// <summary>0 or more.</summary>
    public Optional<decimal?> Credits { get; init; }
}

/// <summary>A capture by amount.</summary>
/// <param name="Credits">0 or more.</param>
public sealed record CapturedAmount(decimal Credits);

/// <summary>A hold as the API shows it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Tenant">Key of the tenant.</param>
/// <param name="Status">`open`, `captured`, `released` or `expired`.</param>
/// <param name="Pool">Key of the pool.</param>
/// <param name="Consumer">Key of the consumer; null for none.</param>
/// <param name="Product">Key of the product; null for none.</param>
/// <param name="Credits">Credits reserved.</param>
/// <param name="CreatedAt">When it was placed.</param>
/// <param name="ExpiresAt">It frees itself then.</param>
/// <param name="ClosedAt">When its credits became free; null while it is open.</param>
/// <param name="Capture">The answer to its capture; null when there was none.</param>
public sealed record HoldDocument(
    string Id, string Tenant, string Status, string Pool, string? Consumer, string? Product, decimal Credits, DateTimeOffset CreatedAt,
    DateTimeOffset ExpiresAt, DateTimeOffset? ClosedAt, CaptureAnswer? Capture)
{
    /// <summary>The document of a hold as it stands at an instant.</summary>
    public static HoldDocument Of(Hold hold, string tenant, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(hold);
        var status = hold.StateAt(now);
        return new(
            hold.PublicId, tenant, status, hold.Pool, hold.Consumer, hold.Product, hold.Credits, hold.CreatedAt, hold.ExpiresAt,
            hold.ClosedAt ?? (status == HoldState.Expired ? hold.ExpiresAt : null), hold.Capture?.Answer.Deserialize<CaptureAnswer>(PortalJson.Options));
    }
}
