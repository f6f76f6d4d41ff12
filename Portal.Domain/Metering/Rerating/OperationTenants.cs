using System.Text.Json;
using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Pricing;

namespace Portal.Domain.Metering.Rerating;

/// <summary>What an operation came to for one tenant.</summary>
/// <param name="Tenant">Its key.</param>
/// <param name="Name">What people call it.</param>
/// <param name="Currency">Of all amounts.</param>
/// <param name="Done">Events looked at.</param>
/// <param name="Finished">True when all were.</param>
/// <param name="Figures">Before and after.</param>
public sealed record TenantFigures(string Tenant, string Name, string Currency, long Done, bool Finished, RerateFigures Figures);

/// <summary>An operation's figures over the tenants of one currency.</summary>
public sealed record CurrencyFigures(string Currency, int Tenants, RerateFigures Figures);

/// <summary>What an operation came to.</summary>
/// <param name="Tenants">Tenants with usage that it looked at.</param>
/// <param name="PayMore">Tenants that pay more.</param>
/// <param name="PayLess">Tenants that pay less.</param>
/// <param name="PaySame">Tenants for which nothing changes.</param>
/// <param name="Events">Rated events of the period.</param>
/// <param name="Changed">Of them, those that come to something else.</param>
/// <param name="NotCovered">Of them, those that the version does not cover.</param>
/// <param name="NewlyRated">Events without a rating that got one.</param>
/// <param name="ByCurrency">Sums over tenants, which bill in different currencies.</param>
public sealed record OperationSummary(
    int Tenants, int PayMore, int PayLess, int PaySame, long Events, long Changed, long NotCovered, long NewlyRated, IReadOnlyList<CurrencyFigures> ByCurrency)
{
    /// <summary>What an operation came to; null before it succeeded.</summary>
    public static OperationSummary? Of(Operation operation)
    {
        ArgumentNullException.ThrowIfNull(operation);
        return operation.Result is null ? null : JsonSerializer.Deserialize<OperationSummary>(operation.Result, PortalJson.Options);
    }
}

/// <summary>The tenants of an operation.</summary>
public static class OperationTenants
{
    private const string Unrated = """
        insert into operation_tenants (tenant_id, operation_id, total)
        select e.tenant_id, $1, count(*) from events e
        where not e.rated and not exists (
          select from ratings r where r.tenant_id = e.tenant_id and r.event_transaction_id = e.transaction_id and r.event_ordinal = e.ordinal)
        group by e.tenant_id on conflict do nothing
        """;

    private const string OfPeriod = """
        insert into operation_tenants (tenant_id, operation_id, total)
        select e.tenant_id, $1, count(*) from events e
        where e.occurred_at >= $2 and e.occurred_at < $3 and e.transaction_id >= uuid7_floor($2 - interval '5 minutes')
          and e.transaction_id < uuid7_floor($3 + (select event_window from platform) + interval '1 hour')
          and ($4::text[] is null or e.tenant_id in (select t.tenant_id from tenants t where t.key = any($4)))
        group by e.tenant_id on conflict do nothing
        """;

    private const string Begin = """
        update operations set state = 'running', prepared = true, started_at = coalesce(started_at, now() + (select clock_offset from platform))
        where id = $1 and finished_at is null
        """;

    private const string List = """
        select t.key, t.name, t.currency::text, o.done, o.finished, o.figures::text
        from operation_tenants o join tenants t on t.tenant_id = o.tenant_id
        where o.operation_id = $1 and t.key > $2 order by t.key limit $3
        """;

    /// <summary>A page of tenants in order of their keys, from the one after <paramref name="after"/>.</summary>
    public static async Task<IReadOnlyList<TenantFigures>> ListAsync(
        NpgsqlDataSource source, Guid operationId, string? after, int limit, CancellationToken cancellationToken = default) =>
        await source.ListAsync(List, r => new TenantFigures(
            r.GetString(0), r.GetString(1), r.GetString(2), r.GetInt64(3), r.GetBoolean(4),
            JsonSerializer.Deserialize<RerateFigures>(r.GetString(5), OperationPart.Options)!), cancellationToken, operationId, after ?? "", limit);

    /// <summary>Finds the tenants concerned and begins; once, whoever does it.</summary>
    internal static async Task PrepareAsync(NpgsqlDataSource source, Guid operationId, ReratePass? pass, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (pass is null) await connection.ExecuteAsync(Unrated, cancellationToken, operationId);
        else await connection.ExecuteAsync(OfPeriod, cancellationToken, operationId, pass.From.ToUniversalTime(), pass.To.ToUniversalTime(), pass.Tenants?.ToArray());
        await connection.ExecuteAsync(Begin, cancellationToken, operationId);
        await transaction.CommitAsync(cancellationToken);
    }

    internal static async Task<OperationSummary> SummaryAsync(NpgsqlDataSource source, Guid operationId, CancellationToken cancellationToken)
    {
        var byCurrency = new SortedDictionary<string, CurrencyFigures>(StringComparer.Ordinal);
        var (more, less, count) = (0, 0, 0);
        const int PageSize = 1000;
        for (IReadOnlyList<TenantFigures>? page = null; page is null || page.Count == PageSize;)
        {
            page = await ListAsync(source, operationId, page is null ? null : page[^1].Tenant, PageSize, cancellationToken);
            foreach (var tenant in page)
            {
                more += tenant.Figures.Pays == "more" ? 1 : 0;
                less += tenant.Figures.Pays == "less" ? 1 : 0;
                var sum = byCurrency.GetValueOrDefault(tenant.Currency) ?? new CurrencyFigures(tenant.Currency, 0, new RerateFigures());
                byCurrency[tenant.Currency] = new CurrencyFigures(tenant.Currency, sum.Tenants + 1, sum.Figures + tenant.Figures);
            }

            count += page.Count;
        }

        var all = byCurrency.Values.Aggregate(new RerateFigures(), (sum, one) => sum + one.Figures);
        return new OperationSummary(
            count, more, less, count - more - less, all.Events, all.Changed, all.NotCovered, all.NewlyRated, [.. byCurrency.Values]);
    }
}
