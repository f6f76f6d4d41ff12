using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Tenants;
using Portal.Domain.Webhooks;
using Portal.Web.Api.Http;

namespace Portal.Web.Api;

/// <summary>Outgoing webhooks, of the platform and of a tenant.</summary>
public static class WebhookEndpointsApi
{
    private const string Example = """{"url":"https://example.com/hooks/portal","types":["invoice.paid","pool.exhausted"]}""";

    private const string Scheme = """
        Messages follow Standard Webhooks: POST of `{"id","type","created_at","tenant","data"}` with the headers `webhook-id`, `webhook-timestamp` and `webhook-signature`
        (`v1,` and base64 of HMAC-SHA256 over `id.timestamp.body`, keyed by the bytes after `whsec_`). The secret is in this answer and never again. Each message arrives at
        least once, in no order. Anything but 2xx within 15 seconds is tried again after 5 s, 5 min, 30 min, 2, 5, 10, 14, 20 and 24 h; 410, or five days without success, disables the endpoint.
        """;

    private sealed record Owner(long Id, string Path);

    /// <summary>Maps the endpoints.</summary>
    public static void Map(RouteGroupBuilder v1, RouteGroupBuilder tenant)
    {
        var own = v1.MapGroup("/webhook-endpoints").WithTags("Webhooks");
        own.MapGet("", ListAsync).PlatformOnly(Scope.Read).Answers<Listing<EndpointDocument>>().Says("List the platform's webhook endpoints", "They hear of every tenant.");
        own.MapPost("", CreateAsync).PlatformOnly().Answers<CreatedEndpoint>(201).Says("Create a webhook endpoint of the platform", Scheme, Example);
        own.MapDelete("/{id}", RemoveAsync).PlatformOnly().Produces(204).Says("Remove a webhook endpoint of the platform");
        own.MapGet("/{id}/deliveries", DeliveriesAsync).PlatformOnly(Scope.Read).Answers<Listing<DeliveryDocument>>().Says("List what was sent to it", DeliveriesAbout);
        own.MapPost("/{id}/replay", ReplayAsync).PlatformOnly().Answers<ReplayDocument>().Says("Send again", ReplayAbout, ReplayExample);
        own.MapPost("/{id}/test", TestAsync).PlatformOnly().Answers<DeliveryDocument>(201).Says("Send it a test message", TestAbout);
        own.MapPost("/{id}/enable", EnableAsync).PlatformOnly().Answers<EndpointDocument>().Says("Enable a disabled endpoint", "What waited for it is due at once.");
        own.MapPost("/{id}/rotate", RotateAsync).PlatformOnly().Answers<CreatedEndpoint>().Says("Give it a new secret", RotateAbout);

        var theirs = tenant.MapGroup("/webhook-endpoints").WithTags("Webhooks");
        theirs.MapGet("", ListAsync).RequireScope(Scope.Read).Answers<Listing<EndpointDocument>>().Says("List a tenant's webhook endpoints");
        theirs.MapPost("", CreateAsync).RequireScope(Scope.Manage).Answers<CreatedEndpoint>(201).Says("Create a webhook endpoint", Scheme, Example);
        theirs.MapDelete("/{id}", RemoveAsync).RequireScope(Scope.Manage).Produces(204).Says("Remove a webhook endpoint");
        theirs.MapGet("/{id}/deliveries", DeliveriesAsync).RequireScope(Scope.Read).Answers<Listing<DeliveryDocument>>().Says("List what was sent to an endpoint", DeliveriesAbout);
        theirs.MapPost("/{id}/replay", ReplayAsync).RequireScope(Scope.Manage).Answers<ReplayDocument>().Says("Send to an endpoint again", ReplayAbout, ReplayExample);
        theirs.MapPost("/{id}/test", TestAsync).RequireScope(Scope.Manage).Answers<DeliveryDocument>(201).Says("Send an endpoint a test message", TestAbout);
        theirs.MapPost("/{id}/enable", EnableAsync).RequireScope(Scope.Manage).Answers<EndpointDocument>().Says("Enable a disabled endpoint of a tenant", "What waited for it is due at once.");
        theirs.MapPost("/{id}/rotate", RotateAsync).RequireScope(Scope.Manage).Answers<CreatedEndpoint>().Says("Give an endpoint a new secret", RotateAbout);
    }

    private const string DeliveriesAbout = "Newest first, each with its tries. `state` filters: `pending`, `delivered`, `failed`.";
    private const string ReplayAbout = "One `delivery`, or all given up in a span `from`, `to`; with `all` also what was taken or never sent. Messages keep their id.";
    private const string ReplayExample = """{"from":"2026-03-01T00:00:00Z","to":"2026-03-02T00:00:00Z","all":false}""";
    private const string TestAbout = "One of type `endpoint.test`, whatever the endpoint hears of; signed, tried again and listed like any other. 409 `test_under_way` while the one before is not done.";
    private const string RotateAbout = "The secret before signs too for 24 hours: `webhook-signature` then holds two, with a space between. The new one is in this answer and never again.";

    private static async Task<IResult> ListAsync([AsParameters] PageQuery query, HttpContext http, NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        var page = query.Read();
        if (page.Problem is { } problem) return new ProblemAnswer(problem);
        var after = page.Value.AfterId();
        if (after.Problem is { } invalid) return new ProblemAnswer(invalid);
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        var endpoints = await WebhookEndpoints.ListAsync(connection, OwnerOf(http).Id, page.Value.Fetch, after.Value, cancellationToken);
        return page.Value.Answer(endpoints, endpoint => endpoint.Id.ToString("N"), EndpointDocument.Of);
    }

    private static Task<IResult> CreateAsync(
        Body<NewEndpoint> body, HttpContext http, ApiCaller caller, ApiWrites writes, WebhookSettings settings, CancellationToken cancellationToken) =>
        WriteAsync(http, writes, async (connection, owner, now) =>
        {
            var order = new EndpointOrder(body.Value.Url, body.Value.Types ?? [], body.Value.Description ?? "");
            var made = await WebhookEndpoints.CreateAsync(connection, owner.Id, order, settings, now, caller.Actor, cancellationToken);
            return made.Map(created =>
            {
                var document = CreatedEndpoint.Of(created.Endpoint, created.Secret);
                return Answer.Created($"{owner.Path}/{document.Id}", document) with { Repeat = document with { Secret = null } };
            });
        });

    private static Task<IResult> RemoveAsync(string id, HttpContext http, ApiCaller caller, ApiWrites writes, CancellationToken cancellationToken) =>
        OnAsync(id, http, writes, async (connection, owner, endpoint, now) =>
            (await WebhookEndpoints.RemoveAsync(connection, owner.Id, endpoint, now, caller.Actor, cancellationToken)).Map(_ => Answer.Nothing()));

    private static Task<IResult> EnableAsync(string id, HttpContext http, ApiCaller caller, ApiWrites writes, CancellationToken cancellationToken) =>
        OnAsync(id, http, writes, async (connection, owner, endpoint, now) =>
            (await WebhookEndpoints.EnableAsync(connection, owner.Id, endpoint, now, caller.Actor, cancellationToken)).Map(found => Answer.Ok(EndpointDocument.Of(found))));

    private static Task<IResult> TestAsync(string id, HttpContext http, ApiCaller caller, ApiWrites writes, CancellationToken cancellationToken) =>
        OnAsync(id, http, writes, async (connection, owner, endpoint, now) =>
            (await TestMessages.SendAsync(connection, owner.Id, endpoint, now, caller.Actor, cancellationToken))
                .Map(delivery => Answer.Created($"{owner.Path}/{id}/deliveries", DeliveryDocument.Of(delivery, []))));

    private static Task<IResult> RotateAsync(string id, HttpContext http, ApiCaller caller, ApiWrites writes, CancellationToken cancellationToken) =>
        OnAsync(id, http, writes, async (connection, owner, endpoint, now) =>
        {
            var rotated = await WebhookEndpoints.RotateAsync(connection, owner.Id, endpoint, now, caller.Actor, cancellationToken);
            return rotated.Map(made =>
            {
                var document = CreatedEndpoint.Of(made.Endpoint, made.Secret);
                return Answer.Ok(document) with { Repeat = document with { Secret = null } };
            });
        });

    private static async Task<IResult> DeliveriesAsync(
        string id, [AsParameters] PageQuery query, string? state, HttpContext http, NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        var page = query.Read();
        if (page.Problem is { } problem) return new ProblemAnswer(problem);
        var after = page.Value.AfterId();
        if (after.Problem is { } invalid) return new ProblemAnswer(invalid);
        if (state is not null && !DeliveryState.All.Contains(state, StringComparer.Ordinal))
            return new ProblemAnswer(Problem.Field("state", "invalid_state", $"The state is one of {string.Join(", ", DeliveryState.All)}."));
        var owner = OwnerOf(http);
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        if (!WebhookEndpoint.TryParseId(owner.Id, id, out var endpoint) || await WebhookEndpoints.FindAsync(connection, owner.Id, endpoint, cancellationToken) is null)
            return new ProblemAnswer(WebhookEndpoints.Unknown);
        var deliveries = await DeliveryQuery.ListAsync(connection, owner.Id, endpoint, state, page.Value.Fetch, after.Value, cancellationToken);
        var attempts = await DeliveryQuery.AttemptsAsync(connection, owner.Id, deliveries.Select(delivery => delivery.Id), cancellationToken);
        return page.Value.Answer(deliveries, delivery => delivery.Id.ToString("N"), delivery => DeliveryDocument.Of(delivery, attempts[delivery.Id]));
    }

    private static Task<IResult> ReplayAsync(string id, Body<ReplayOrder> body, HttpContext http, ApiCaller caller, ApiWrites writes, CancellationToken cancellationToken) =>
        OnAsync(id, http, writes, async (connection, owner, endpoint, now) =>
        {
            if (body.Value.Delivery is { } name)
            {
                if (body.Value.From is not null || body.Value.To is not null || body.Value.All is not null)
                    return Problem.Field("delivery", "delivery_or_span", "Name one delivery, or a span from and to.");
                if (!WebhookDelivery.TryParseId(owner.Id, name, out var delivery) || (await DeliveryQuery.FindAsync(connection, owner.Id, delivery, cancellationToken))?.EndpointId != endpoint)
                    return Problem.Field("delivery", "unknown_delivery", "There is no such delivery to this endpoint.");
                return (await Replays.OneAsync(connection, owner.Id, delivery, now, caller.Actor, cancellationToken)).Map(_ => Answer.Ok(new ReplayDocument(1)));
            }

            if (body.Value is not { From: { } from, To: { } to }) return Problem.Field("delivery", "delivery_or_span", "Name one delivery, or a span from and to.");
            return (await Replays.SpanAsync(connection, owner.Id, endpoint, from, to, body.Value.All ?? false, now, caller.Actor, cancellationToken))
                .Map(count => Answer.Ok(new ReplayDocument(count)));
        });

    // The path says whose: a tenant's, else the platform's.
    private static Owner OwnerOf(HttpContext http) => http.Features.Get<PathTenant>() is { } tenant
        ? new Owner(tenant.Id, $"/v1/tenants/{tenant.Key}/webhook-endpoints")
        : new Owner(0, "/v1/webhook-endpoints");

    private static Task<IResult> WriteAsync(HttpContext http, ApiWrites writes, Func<NpgsqlConnection, Owner, DateTimeOffset, Task<Result<Answer>>> work)
    {
        var owner = OwnerOf(http);
        return writes.InPlatformAsync(http, platform => work(platform.Connection, owner, platform.Now));
    }

    private static Task<IResult> OnAsync(string id, HttpContext http, ApiWrites writes, Func<NpgsqlConnection, Owner, Guid, DateTimeOffset, Task<Result<Answer>>> work) =>
        WriteAsync(http, writes, (connection, owner, now) => WebhookEndpoint.TryParseId(owner.Id, id, out var endpoint)
            ? work(connection, owner, endpoint, now)
            : Task.FromResult<Result<Answer>>(WebhookEndpoints.Unknown));
}

/// <summary>An endpoint to create.</summary>
/// <param name="Url">https, reachable from the public internet; in the sandbox also this machine.</param>
/// <param name="Types">What it hears of; absent or empty: all.</param>
/// <param name="Description">At most 200 characters.</param>
public sealed record NewEndpoint(string Url, IReadOnlyList<string>? Types = null, string? Description = null);

/// <summary>What is sent again.</summary>
/// <param name="Delivery">Id of one delivery.</param>
/// <param name="From">Or: what happened from then on</param>
/// <param name="To">until then, which is outside.</param>
/// <param name="All">Also what was taken or never sent; default only what was given up.</param>
public sealed record ReplayOrder(string? Delivery = null, DateTimeOffset? From = null, DateTimeOffset? To = null, bool? All = null);

/// <summary>What a replay does.</summary>
/// <param name="Messages">How many messages are on their way.</param>
public sealed record ReplayDocument(int Messages);

/// <summary>A webhook endpoint as the API shows it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Url">Where messages go.</param>
/// <param name="Types">What it hears of; empty: all.</param>
/// <param name="Description">What people call it.</param>
/// <param name="State">`active` or `disabled`.</param>
/// <param name="Reason">Why it is disabled.</param>
/// <param name="FailingSince">Since when it took nothing.</param>
/// <param name="CreatedAt">When it was made.</param>
public sealed record EndpointDocument(
    string Id, string Url, IReadOnlyList<string> Types, string Description, string State, string? Reason, DateTimeOffset? FailingSince, DateTimeOffset CreatedAt)
{
    /// <summary>The document of an endpoint.</summary>
    public static EndpointDocument Of(WebhookEndpoint endpoint)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        return new(endpoint.PublicId, endpoint.Url.AbsoluteUri, endpoint.Types, endpoint.Description, endpoint.State, endpoint.Reason, endpoint.FailingSince, endpoint.CreatedAt);
    }
}

/// <summary>A webhook endpoint that was just made, or has a new secret.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Secret">`whsec_` and base64, shown once.</param>
/// <param name="Url">Where messages go.</param>
/// <param name="Types">What it hears of; empty: all.</param>
/// <param name="Description">What people call it.</param>
/// <param name="State">`active` or `disabled`.</param>
/// <param name="CreatedAt">When it was made.</param>
public sealed record CreatedEndpoint(string Id, string? Secret, string Url, IReadOnlyList<string> Types, string Description, string State, DateTimeOffset CreatedAt)
{
    /// <summary>The document of an endpoint with its secret.</summary>
    public static CreatedEndpoint Of(WebhookEndpoint endpoint, string secret)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        return new(endpoint.PublicId, secret, endpoint.Url.AbsoluteUri, endpoint.Types, endpoint.Description, endpoint.State, endpoint.CreatedAt);
    }
}

/// <summary>An event on its way to an endpoint.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Message">Header `webhook-id` and `id` of the body.</param>
/// <param name="Type">What happened.</param>
/// <param name="Tenant">Whom it concerns.</param>
/// <param name="State">`pending`, `delivered`, or `failed` when it was given up.</param>
/// <param name="Attempts">Tries since it was made or last replayed.</param>
/// <param name="NextAttemptAt">When it is tried next; null when it is not.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="DoneAt">When it was taken or given up.</param>
/// <param name="Log">All tries, the first first.</param>
public sealed record DeliveryDocument(
    string Id, string Message, string Type, string Tenant, string State, int Attempts, DateTimeOffset? NextAttemptAt, DateTimeOffset CreatedAt, DateTimeOffset? DoneAt,
    IReadOnlyList<AttemptDocument> Log)
{
    /// <summary>The document of a delivery.</summary>
    public static DeliveryDocument Of(WebhookDelivery delivery, IEnumerable<WebhookAttempt> attempts)
    {
        ArgumentNullException.ThrowIfNull(delivery);
        return new(
            delivery.PublicId, delivery.MessageId, delivery.Type, delivery.EventTenantKey, delivery.State, delivery.Attempts,
            delivery.State == DeliveryState.Pending ? delivery.DueAt : null, delivery.CreatedAt, delivery.DoneAt,
            [.. attempts.Select(attempt => new AttemptDocument(attempt.At, attempt.TookMs, attempt.Status, attempt.Error, attempt.Response))]);
    }
}

/// <summary>One try.</summary>
/// <param name="At">When.</param>
/// <param name="TookMs">How long the answer took, in milliseconds.</param>
/// <param name="Status">Status of the answer; null: none came.</param>
/// <param name="Error">Why it did not count; null when it was taken.</param>
/// <param name="Response">How the answer began.</param>
public sealed record AttemptDocument(DateTimeOffset At, int TookMs, int? Status, string? Error, string Response);
