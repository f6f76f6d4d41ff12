using Portal.Domain.Alerts;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Tenants;
using Portal.Web.Api.Http;

namespace Portal.Web.Api;

/// <summary>Thresholds that a tenant is told of.</summary>
public static class AlertsApi
{
    private const string Example = """{"name":"Running low","kind":"balance","pool":"shared","threshold":"100","channels":["mail","webhook","in_app"]}""";

    private const string About = """
        `kind` is `balance` (credits left), `burn_rate` (credits used in 24 hours), `allowance` (percent used of `consumer`'s, or of whoever is nearest to the end) or
        `spend` (money accrued beyond the plan in the billing period). It fires once when the threshold is reached and again only after a tenth of the threshold lay between.
        """;

    /// <summary>Maps the endpoints, of the tenant and of one pool.</summary>
    public static void Map(RouteGroupBuilder tenant)
    {
        var alerts = tenant.MapGroup("/alerts").WithTags("Alerts");
        alerts.MapGet("", ListAsync).RequireScope(Scope.Read).Answers<Listing<AlertDocument>>().Says("List alerts");
        alerts.MapGet("/{key}", GetAsync).RequireScope(Scope.Read).Answers<AlertDocument>().Says("Get an alert");
        alerts.MapPut("/{key}", PutAsync).RequireScope(Scope.Manage).Answers<AlertDocument>().Says("Set an alert", About, Example);
        alerts.MapDelete("/{key}", RemoveAsync).RequireScope(Scope.Manage).Produces(204).Says("Remove an alert");

        var ofPool = tenant.MapGroup("/pools/{pool}/alerts").WithTags("Alerts");
        ofPool.MapGet("", ListAsync).RequireScope(Scope.Read).Answers<Listing<AlertDocument>>().Says("List a pool's alerts");
        ofPool.MapGet("/{key}", GetAsync).RequireScope(Scope.Read).Answers<AlertDocument>().Says("Get a pool's alert");
        ofPool.MapPut("/{key}", PutAsync).RequireScope(Scope.Manage).Answers<AlertDocument>().Says("Set a pool's alert", About, Example);
        ofPool.MapDelete("/{key}", RemoveAsync).RequireScope(Scope.Manage).Produces(204).Says("Remove a pool's alert");
    }

    private static Task<IResult> ListAsync([AsParameters] PageQuery query, string? pool, PathTenant tenant, TenantReads reads, CancellationToken cancellationToken)
    {
        var page = query.Read();
        if (page.Problem is { } problem) return Task.FromResult<IResult>(new ProblemAnswer(problem));
        return reads.RunAsync(tenant.Id, async Task<IResult> (read) =>
        {
            var alerts = await AlertSettings.ListAsync(read.Connection, tenant.Id, page.Value.Fetch, page.Value.After, pool, cancellationToken);
            return page.Value.Answer(alerts, alert => alert.Key, AlertDocument.Of);
        }, cancellationToken);
    }

    private static Task<IResult> GetAsync(string key, string? pool, PathTenant tenant, TenantReads reads, CancellationToken cancellationToken) =>
        reads.RunAsync(tenant.Id, async Task<IResult> (read) =>
            await AlertSettings.FindAsync(read.Connection, tenant.Id, key, cancellationToken) is { } alert && (pool is null || alert.Pool == pool)
                ? Answer.Ok(AlertDocument.Of(alert))
                : new ProblemAnswer(AlertSettings.Unknown), cancellationToken);

    private static Task<IResult> PutAsync(
        string key, string? pool, Body<NewAlert> body, PathTenant tenant, HttpContext http, ApiWrites writes, CancellationToken cancellationToken) =>
        writes.InWalletAsync(http, tenant.Id, async wallet =>
        {
            var given = body.Value;
            if (pool is not null && given.Pool is not null && given.Pool != pool) return Problem.Field("pool", "pool_differs", "The body names another pool than the path.");
            var order = new AlertOrder(given.Name ?? key, given.Kind, given.Threshold, given.Channels, pool ?? given.Pool, given.Consumer);
            var put = await AlertSettings.PutAsync(wallet, key, order, cancellationToken);
            return put.Map(made => Answer.Put(made.Created, $"/v1/tenants/{tenant.Key}/alerts/{key}", AlertDocument.Of(made.Alert)));
        });

    private static Task<IResult> RemoveAsync(string key, string? pool, PathTenant tenant, HttpContext http, ApiWrites writes, CancellationToken cancellationToken) =>
        writes.InWalletAsync(http, tenant.Id, async wallet =>
        {
            if (pool is not null && (await AlertSettings.FindAsync(wallet.Connection, tenant.Id, key, cancellationToken))?.Pool != pool) return AlertSettings.Unknown;
            return (await AlertSettings.RemoveAsync(wallet, key, cancellationToken)).Map(_ => Answer.Nothing());
        });
}

/// <summary>An alert to set.</summary>
/// <param name="Kind">`balance`, `burn_rate`, `allowance` or `spend`.</param>
/// <param name="Threshold">Credits, credits in 24 hours, percent, or money in the tenant's currency.</param>
/// <param name="Channels">Any of `mail`, `webhook`, `in_app`.</param>
/// <param name="Name">1 to 200 characters; default the key.</param>
/// <param name="Pool">Key of a pool; default all together.</param>
/// <param name="Consumer">Of an allowance: whose; default whoever is nearest to its end.</param>
public sealed record NewAlert(string Kind, decimal Threshold, IReadOnlyList<string> Channels, string? Name = null, string? Pool = null, string? Consumer = null);

/// <summary>An alert as the API shows it.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Name">What people call it.</param>
/// <param name="Kind">`balance`, `burn_rate`, `allowance` or `spend`.</param>
/// <param name="Pool">Key of the pool; null: all together.</param>
/// <param name="Consumer">Of an allowance: whose; null: whoever is nearest to its end.</param>
/// <param name="Threshold">Credits, credits in 24 hours, percent, or money in the tenant's currency.</param>
/// <param name="Channels">Any of `mail`, `webhook`, `in_app`.</param>
/// <param name="State">`armed`, or `fired` until what it looks at has recovered.</param>
/// <param name="Value">What it saw last; null before the first look.</param>
/// <param name="FiredAt">When it last fired.</param>
/// <param name="CreatedAt">When it was made.</param>
public sealed record AlertDocument(
    string Key, string Name, string Kind, string? Pool, string? Consumer, decimal Threshold, IReadOnlyList<string> Channels, string State, decimal? Value,
    DateTimeOffset? FiredAt, DateTimeOffset CreatedAt)
{
    /// <summary>The document of an alert.</summary>
    public static AlertDocument Of(Alert alert)
    {
        ArgumentNullException.ThrowIfNull(alert);
        return new(
            alert.Key, alert.Name, alert.Kind, alert.Pool, alert.Consumer, alert.Threshold, alert.Channels, alert.IsArmed ? "armed" : "fired", alert.Value, alert.FiredAt, alert.CreatedAt);
    }
}
