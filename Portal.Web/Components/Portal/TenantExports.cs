using System.Globalization;
using System.Text;
using Portal.Domain.Data;
using Portal.Domain.Invoicing;
using Portal.Domain.Kernel;
using Portal.Domain.Ledger;
using Portal.Domain.Outcomes;
using Portal.Domain.Tenants;
using Portal.Web.Access;
using Portal.Web.Components.Shared;
using Portal.Web.Components.TenantPages.Invoices;
using Portal.Web.Components.TenantPages.Outcomes;

namespace Portal.Web.Components.TenantPages;

/// <summary>What the pages' CSV buttons answer: the same figures under the same filters, exact and in UTC.</summary>
internal static class TenantExports
{
    private const int PageSize = 500, MostRows = 100_000;

    public static void MapTenantExports(this IEndpointRouteBuilder endpoints)
    {
        var tenant = endpoints.MapGroup("/t/{tenantKey}").RequireAuthorization().ExcludeFromDescription();
        tenant.MapGet("/usage.csv", UsageAsync);
        tenant.MapGet("/usage/events.csv", EventsAsync);
        tenant.MapGet("/activity.csv", ActivityAsync);
        tenant.MapGet("/grants.csv", GrantsAsync);
        tenant.MapGet("/outcomes.csv", OutcomesAsync);
        tenant.MapGet("/consumers.csv", ConsumersAsync);
        tenant.MapGet("/invoices.csv", InvoicesAsync);
        InvoiceFiles.Map(tenant);
    }

    private static async Task<IResult> UsageAsync(string tenantKey, HttpContext http, TenantAccess access, TenantReads reads)
    {
        if (await access.FindAsync(http.User, tenantKey, http.RequestAborted) is not { } tenant) return Results.NotFound();
        var view = UsageView.Parse(http.Request.QueryString.Value ?? "");
        var data = await UsageData.ReadAsync(reads, tenant, view, http.RequestAborted);
        var money = tenant.May(MemberRole.Billing);
        var csv = new StringBuilder();
        Line(csv, [.. view.By, "events", "quantity", "credits", .. money ? ["worth", "price_per_credit", "currency"] : Array.Empty<string>()]);
        foreach (var group in data.Groups)
        {
            var figures = group.Figures;
            Line(csv,
            [
                .. group.Keys.Select((key, i) => view.By[i] == "day" ? tenant.Zone.DateIn(group.At!.Value).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) : Text(key ?? "")),
                Number(figures.Events), Number(figures.Quantity), Number(figures.Credits),
                .. money ? [Number(figures.Revenue), figures.BlendedPrice is { } price ? Number(price) : "", tenant.Currency.Code] : Array.Empty<string>(),
            ]);
        }

        return File(csv, $"{tenant.Key}-usage-{string.Join('-', view.By)}.csv");
    }

    private static async Task<IResult> EventsAsync(string tenantKey, HttpContext http, TenantAccess access, TenantReads reads)
    {
        if (await access.FindAsync(http.User, tenantKey, http.RequestAborted) is not { } tenant) return Results.NotFound();
        var query = TableQuery.Parse(http.Request.QueryString.Value ?? "") with { After = null };
        var found = await reads.RunAsync(tenant.Id, read => EventsData.ReadAsync(read, tenant, query, MostRows, http.RequestAborted), http.RequestAborted);
        var money = tenant.May(MemberRole.Billing);
        var csv = new StringBuilder();
        Line(csv, ["event", "source", "id", "type", "time", "posted_at", "status", "product", "pool", "team", "consumer", "quantity", "credits", .. money ? ["worth", "currency"] : Array.Empty<string>()]);
        foreach (var (one, status, credits, revenue) in found)
        {
            Line(csv,
            [
                PublicId.Format(PublicId.Event, tenant.Id, one.Key), Text(one.Source), Text(one.Id), Text(one.Type), At(one.OccurredAt), At(one.PostedAt), status,
                Text(one.Product ?? ""), one.Pool, Text(one.Team ?? ""), Text(one.Consumer ?? ""), Number(one.Quantity), Number(credits),
                .. money ? [Number(revenue), tenant.Currency.Code] : Array.Empty<string>(),
            ]);
        }

        return File(csv, $"{tenant.Key}-events.csv");
    }

    private static async Task<IResult> ActivityAsync(string tenantKey, HttpContext http, TenantAccess access, TenantReads reads)
    {
        if (await access.FindAsync(http.User, tenantKey, http.RequestAborted) is not { } tenant) return Results.NotFound();
        if (!tenant.May(MemberRole.Billing)) return Results.Forbid();
        var query = TableQuery.Parse(http.Request.QueryString.Value ?? "");
        var csv = new StringBuilder();
        Line(csv, ["at", "kind", "pool", "credits", "balance", "reason", "reference", "transaction"]);
        await reads.RunAsync(tenant.Id, async read =>
        {
            var (filter, cursor, rows) = (StatementQuery.Filter(query, read.Zone), (string?)null, 0);
            do
            {
                (var lines, cursor) = await HourlyStatement.ReadAsync(read, filter, cursor, PageSize, http.RequestAborted);
                foreach (var line in lines)
                {
                    Line(csv,
                    [
                        Domain.Kernel.InstantText.Format(line.At), line.Movement?.Kind ?? "usage", Text(string.Join(' ', line.Changes.Keys)), Number(line.Credits),
                        line.Balance is { } balance ? Number(balance) : "", Text(line.Movement?.Reason ?? line.Usage?.Product ?? ""), line.Movement?.Reference ?? "",
                        line.Movement is { } movement ? PublicId.Format(PublicId.Transaction, tenant.Id, movement.Id) : "",
                    ]);
                }

                rows += lines.Count;
            }
            while (cursor is not null && rows < MostRows);
            return rows;
        }, http.RequestAborted);
        return File(csv, $"{tenant.Key}-activity.csv");
    }

    private static async Task<IResult> InvoicesAsync(string tenantKey, HttpContext http, TenantAccess access, TenantReads reads)
    {
        if (await access.FindAsync(http.User, tenantKey, http.RequestAborted) is not { } tenant) return Results.NotFound();
        if (!tenant.May(MemberRole.Billing)) return Results.Forbid();
        var query = TableQuery.Parse(http.Request.QueryString.Value ?? "");
        var found = await reads.RunAsync(
            tenant.Id, read => InvoiceQuery.ListAsync(read.Connection, tenant.Id, query["state"], MostRows, after: null, http.RequestAborted), http.RequestAborted);
        var csv = new StringBuilder();
        Line(csv, ["number", "state", "issued_at", "due_at", "period_start", "period_end", "currency", "subtotal", "discount", "tax", "total", "paid", "amount_due"]);
        foreach (var invoice in found)
        {
            Line(csv,
            [
                Text(invoice.Number ?? ""), invoice.State, At(invoice.IssuedAt), At(invoice.DueAt), At(invoice.StartsAt), At(invoice.EndsAt), invoice.Currency,
                Number(invoice.Subtotal), Number(invoice.Discount), Number(invoice.Tax), Number(invoice.Total), Number(invoice.Paid), Number(invoice.AmountDue),
            ]);
        }

        return File(csv, $"{tenant.Key}-invoices.csv");
    }

    private static string At(DateTimeOffset? instant) => instant is { } some ? Domain.Kernel.InstantText.Format(some) : "";

    private static async Task<IResult> GrantsAsync(string tenantKey, HttpContext http, TenantAccess access, TenantReads reads)
    {
        if (await access.FindAsync(http.User, tenantKey, http.RequestAborted) is not { } tenant) return Results.NotFound();
        var data = await GrantsData.ReadAsync(reads, tenant, TableQuery.Parse(http.Request.QueryString.Value ?? ""), http.RequestAborted);
        var money = tenant.May(MemberRole.Billing);
        var csv = new StringBuilder();
        Line(csv,
        [
            "grant", "source", "pool", "credits", "left", "effective_at", "expires_at", "priority", "products", "lineage", "parent", "reason",
            .. money ? ["value", "value_left", "currency"] : Array.Empty<string>(),
        ]);
        foreach (var (grant, pool, _, _) in data.Lines)
        {
            string Id(Guid id) => PublicId.Format(PublicId.Grant, tenant.Id, id);
            Line(csv,
            [
                Id(grant.Id), grant.Source, pool, Number(grant.Amount), Number(GrantText.Left(grant, data.Now)), At(grant.EffectiveAt), At(grant.ExpiresAt),
                Number(grant.Priority), Text(string.Join(' ', grant.Products ?? [])), grant.Lineage ?? "", grant.ParentId is { } parent ? Id(parent) : "", Text(grant.Reason ?? ""),
                .. money ? [Number(grant.Value), Number(grant.ValueLeft), grant.Currency] : Array.Empty<string>(),
            ]);
        }

        return File(csv, $"{tenant.Key}-grants.csv");
    }

    private static async Task<IResult> OutcomesAsync(string tenantKey, HttpContext http, TenantAccess access, TenantReads reads)
    {
        if (await access.FindAsync(http.User, tenantKey, http.RequestAborted) is not { } tenant) return Results.NotFound();
        if (!tenant.May(MemberRole.Billing)) return Results.Forbid();
        var query = TableQuery.Parse(http.Request.QueryString.Value ?? "");
        var cases = await reads.RunAsync(
            tenant.Id,
            read => CaseQuery.ListAsync(read.Connection, read.TenantId, CaseText.Filter(query, read.Zone), after: null, MostRows, page: true, http.RequestAborted),
            http.RequestAborted);
        var csv = new StringBuilder();
        Line(csv,
        [
            "case", "product", "state", "reason", "rule", "version", "line", "opened_at", "decided_at", "settles_at", "billed_at", "reversed_at", "credits", "revenue", "currency", "dispute",
        ]);
        foreach (var (one, credits, revenue) in cases)
        {
            Line(csv,
            [
                Text(one.Key), one.Product, one.State, Text(one.Reason ?? ""), one.Rule, Number(one.RuleVersion), one.Line is { } line ? Number(line) : "",
                At(one.OpenedAt), At(one.DecidedAt), At(one.SettlesAt), At(one.BilledAt), At(one.ReversedAt), credits is { } drawn ? Number(drawn) : "",
                revenue is { } earned ? Number(earned) : "", tenant.Currency.Code, one.Dispute ?? "",
            ]);
        }

        return File(csv, $"{tenant.Key}-outcomes.csv");
    }

    private static async Task<IResult> ConsumersAsync(string tenantKey, HttpContext http, TenantAccess access, TenantReads reads)
    {
        if (await access.FindAsync(http.User, tenantKey, http.RequestAborted) is not { } tenant) return Results.NotFound();
        var query = TableQuery.Parse(http.Request.QueryString.Value ?? "") with { After = null };
        var (consumers, allowances) = await reads.RunAsync(
            tenant.Id,
            async read => (await ConsumersData.ReadAsync(read, tenant, query, MostRows, http.RequestAborted), await AllowanceSettings.ListAsync(read, consumer: null, http.RequestAborted)),
            http.RequestAborted);
        var limits = allowances.ToLookup(allowance => allowance.Consumer, StringComparer.Ordinal);
        var csv = new StringBuilder();
        Line(csv, ["consumer", "name", "team", "draws_from", "used_this_month", "allowances"]);
        foreach (var consumer in consumers)
        {
            var limited = limits[consumer.Key].Select(a => $"{a.Pool} {a.Mode} {Number(a.Used)}/{Number(a.Limit)} {a.Period}");
            Line(csv, [Text(consumer.Key), Text(consumer.Name ?? ""), Text(consumer.Team ?? ""), consumer.DrawsFrom, Number(consumer.Used), Text(string.Join("; ", limited))]);
        }

        return File(csv, $"{tenant.Key}-consumers.csv");
    }

    private static IResult File(StringBuilder csv, string name) =>
        Results.File(Encoding.UTF8.GetPreamble().Concat(Encoding.UTF8.GetBytes(csv.ToString())).ToArray(), "text/csv; charset=utf-8", name);

    private static void Line(StringBuilder csv, IEnumerable<string> fields) => csv.AppendJoin(',', fields).Append("\r\n");

    private static string Number(decimal number) => number.ToString(CultureInfo.InvariantCulture);

    // Names come from customers: a spreadsheet must not take them for formulas.
    private static string Text(string text)
    {
        var safe = text.Length > 0 && text[0] is '=' or '+' or '-' or '@' or '\t' or '\r' ? "'" + text : text;
        return safe.AsSpan().IndexOfAny(",\"\r\n") < 0 ? safe : "\"" + safe.Replace("\"", "\"\"", StringComparison.Ordinal) + "\"";
    }
}
