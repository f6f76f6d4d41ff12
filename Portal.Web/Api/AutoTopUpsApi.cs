using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Payments.TopUps;
using Portal.Domain.Tenants;
using Portal.Domain.Wallet;
using Portal.Web.Api.Http;

namespace Portal.Web.Api;

/// <summary>Pools that are kept filled.</summary>
public static class AutoTopUpsApi
{
    /// <summary>Maps the endpoints.</summary>
    public static void Map(RouteGroupBuilder tenant)
    {
        const string path = "/pools/{pool}/auto-top-up";
        tenant.MapGet(path, GetAsync).WithTags("Money").RequireScope(Scope.Read).Answers<AutoTopUpDocument>().Says("Get the automatic top-up of a pool");
        tenant.MapPut(path, PutAsync).WithTags("Money").RequireScope(Scope.Manage).Answers<AutoTopUpDocument>().Says(
            "Keep a pool filled",
            "Below `threshold` credits, those being bought counted, as many packs are bought as reach `target`, in one charge of the default payment method and within the caps "
            + "(money, tax included, by the tenant's calendar). After a refusal it waits an hour, then a day, then switches itself off; putting it again switches it on.",
            """{"threshold":"500","target":"2000","pack":"starter","daily_cap":"100.00","monthly_cap":"500.00"}""");
        tenant.MapDelete(path, RemoveAsync).WithTags("Money").RequireScope(Scope.Manage).Produces(204).Says("Stop keeping a pool filled", "What is being bought still arrives.");
    }

    private static Task<IResult> GetAsync(string pool, PathTenant tenant, TenantReads reads, CancellationToken cancellationToken) =>
        reads.RunAsync(tenant.Id, async Task<IResult> (read) =>
        {
            const string known = "select pool_id from pools where tenant_id = $1 and key = $2";
            var ids = await read.Connection.ListAsync(known, row => row.GetInt32(0), cancellationToken, tenant.Id, pool);
            if (ids.Count == 0) return new ProblemAnswer(Problem.NotFound("unknown_pool", $"There is no pool '{pool}'."));
            return await AutoTopUps.FindAsync(read.Connection, tenant.Id, ids[0], read.Zone, read.Now, cancellationToken) is { } found
                ? Answer.Ok(AutoTopUpDocument.Of(found, read.Now))
                : new ProblemAnswer(Problem.NotFound("no_auto_top_up", $"The pool '{pool}' is not topped up automatically."));
        }, cancellationToken);

    private static Task<IResult> PutAsync(
        string pool, Body<AutoTopUpDefinition> body, PathTenant tenant, HttpContext http, ApiWrites writes, CancellationToken cancellationToken) =>
        writes.InWalletAsync(http, tenant.Id, async wallet =>
        {
            var put = await AutoTopUps.PutAsync(wallet, pool, body.Value, cancellationToken);
            if (put.Succeeded) await NoteAsync(wallet, "auto_top_up.put", pool, body.Value, cancellationToken);
            return put.Map(setting => Answer.Ok(AutoTopUpDocument.Of(setting, wallet.Now)));
        });

    private static Task<IResult> RemoveAsync(string pool, PathTenant tenant, HttpContext http, ApiWrites writes, CancellationToken cancellationToken) =>
        writes.InWalletAsync(http, tenant.Id, async wallet =>
        {
            var removed = await AutoTopUps.RemoveAsync(wallet, pool, cancellationToken);
            if (removed.Succeeded) await NoteAsync(wallet, "auto_top_up.removed", pool, detail: null, cancellationToken);
            return removed.Map(_ => Answer.Nothing());
        });

    private static Task NoteAsync(WalletTransaction wallet, string action, string pool, object? detail, CancellationToken cancellationToken) =>
        Audit.WriteAsync(wallet.Connection, wallet.TenantId, wallet.Now, wallet.Actor, action, pool, detail, cancellationToken);
}

/// <summary>An automatic top-up as the API shows it.</summary>
/// <param name="Threshold">Below so many credits it buys.</param>
/// <param name="Target">It buys what reaches so many.</param>
/// <param name="Pack">Key of the pack.</param>
/// <param name="DailyCap">Money on a day; null for no cap.</param>
/// <param name="MonthlyCap">Money in a month; null for no cap.</param>
/// <param name="Status">`on`, `waiting` (after a refusal) or `off` (after the third).</param>
/// <param name="WaitsUntil">When it tries again.</param>
/// <param name="Failure">Why the last charge was refused.</param>
/// <param name="SpentToday">Money of this day's top-ups.</param>
/// <param name="SpentThisMonth">Money of this month's.</param>
public sealed record AutoTopUpDocument(
    decimal Threshold, decimal Target, string Pack, decimal? DailyCap, decimal? MonthlyCap, string Status, DateTimeOffset? WaitsUntil, string? Failure, decimal SpentToday,
    decimal SpentThisMonth)
{
    internal static AutoTopUpDocument Of(AutoTopUp setting, DateTimeOffset now) => new(
        setting.Definition.Threshold, setting.Definition.Target, setting.Definition.Pack, setting.Definition.DailyCap, setting.Definition.MonthlyCap, setting.StatusAt(now),
        setting.OffAt is null ? setting.WaitsUntil : null, setting.Failure, setting.SpentToday, setting.SpentThisMonth);
}
