using System.ComponentModel;
using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Invoicing;
using Portal.Domain.Kernel;
using Portal.Domain.Taxes;
using Portal.Domain.Tenants;
using Portal.Web.Api.Http;

namespace Portal.Web.Api;

/// <summary>Tax: where customers are, rates by place and day, and who sells.</summary>
public static class TaxApi
{
    /// <summary>Maps the endpoints.</summary>
    public static void Map(RouteGroupBuilder v1, RouteGroupBuilder tenant)
    {
        tenant.MapGet("/tax-profile", GetProfileAsync).WithTags("Money").RequireScope(Scope.Read).Answers<TaxProfileDocument>()
            .Says("Get the tax profile", "Whom invoices are made out to and how they are taxed; empty when none was set.");
        tenant.MapPut("/tax-profile", PutProfileAsync).WithTags("Money").RequireScope(Scope.Manage).Answers<TaxProfileDocument>().Says(
            "Put the tax profile",
            "Counts for invoices finalised and checkouts started from now on. A VAT id of the EU is checked at once when its register answers, else as soon as it does; "
            + "only a checked one makes reverse charge. `exempt` can be set by platform keys only.",
            """{"country":"DE","vat_id":"DE123456789","name":"Acme GmbH","address":"Torstr. 1\n10119 Berlin","emails":["rechnung@acme.example"]}""");
        var rates = v1.MapGroup("/tax-rates").WithTags("Finance");
        rates.MapGet("", ListRatesAsync).PlatformOnly(Scope.Read).Answers<Listing<TaxTableRow>>().Says("List tax rates", "By country, region and the day from which they hold.");
        rates.MapPut("", PutRatesAsync).PlatformOnly().Answers<Listing<TaxTableRow>>().Says(
            "Put tax rates",
            "One rate, or up to 10,000 as `rates`. A rate holds from its day until a later one of the same place; a region's goes before its country's. Replaces those of the same "
            + "place and day; finalised invoices keep what they say.",
            """{"country":"DE","valid_from":"2021-01-01","name":"USt.","percent":"19"}""");
        rates.MapDelete("", RemoveRateAsync).PlatformOnly().Produces(204).Says("Remove a tax rate", "What held before it holds again.");
        var entities = v1.MapGroup("/legal-entities").WithTags("Finance");
        entities.MapGet("", ListEntitiesAsync).PlatformOnly(Scope.Read).Answers<Listing<LegalEntityDocument>>().Says("List legal entities", "Who sells: the parties that invoices are from.");
        entities.MapPut("/{entity}", PutEntityAsync).PlatformOnly().Answers<LegalEntityDocument>(200, 201).Says(
            "Put a legal entity", "Finalised invoices keep what they say. `series` begins its invoices' numbers and stays once one was given; one entity is the default and sells.",
            """{"name":"Example Ltd","address":"1 Main St\nDublin","country":"IE","tax_ids":["IE6388047V"],"series":"EX","default":true}""");
    }

    private static async Task<IResult> GetProfileAsync(PathTenant tenant, NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        return Answer.Ok(TaxProfileDocument.Of(await TaxProfile.ReadAsync(connection, tenant.Id, cancellationToken)));
    }

    private static async Task<IResult> PutProfileAsync(
        Body<TaxProfileBody> body, PathTenant tenant, HttpContext http, ApiCaller caller, ApiWrites writes, TaxChecks checks, CancellationToken cancellationToken)
    {
        var written = await writes.InWalletAsync(http, tenant.Id, async wallet =>
        {
            var before = await TaxProfile.ReadAsync(wallet.Connection, wallet.TenantId, cancellationToken);
            var exempt = body.Value.Exempt ?? (!caller.IsPlatform && before.Exempt);
            if (!caller.IsPlatform && exempt != before.Exempt) return Problem.Forbidden("platform_only", "Only a platform key can say who is exempt from tax.");
            var put = await TaxProfile.PutAsync(wallet, body.Value.With(exempt), cancellationToken);
            if (put.Problem is { } problem) return problem;
            await Audit.WriteAsync(
                wallet.Connection, wallet.TenantId, wallet.Now, wallet.Actor, "tax_profile.put", null, new { put.Value.Country, put.Value.VatId, put.Value.Exempt }, cancellationToken);
            return Answer.Ok(TaxProfileDocument.Of(put.Value));
        });
        return written is ProblemAnswer ? written : Answer.Ok(TaxProfileDocument.Of(await checks.AskNowAsync(tenant.Id, cancellationToken)));
    }

    private static async Task<IResult> ListRatesAsync(
        [AsParameters] PageQuery query, [Description("Only of this country.")] string? country, NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        var page = query.Read();
        if (page.Problem is { } problem) return new ProblemAnswer(problem);
        if (!TryReadAfter(page.Value.After, out var after)) return new ProblemAnswer(PageQuery.InvalidCursor);
        var rates = await TaxTable.ListAsync(source, country, after, page.Value.Fetch, cancellationToken);
        return page.Value.Answer(rates, rate => $"{rate.Country} {rate.Region} {Instants.DayText(rate.ValidFrom)}", rate => rate);
    }

    private static Task<IResult> PutRatesAsync(Body<TaxRatesBody> body, HttpContext http, ApiWrites writes, CancellationToken cancellationToken) =>
        writes.InPlatformAsync(http, async platform =>
        {
            var wanted = body.Value.Read();
            if (wanted.Problem is { } problem) return problem;
            var put = await TaxTable.PutAsync(platform, wanted.Value, cancellationToken);
            if (put.Problem is { } refused) return refused;
            await Audit.WriteAsync(platform.Connection, 0, platform.Now, platform.Actor, "tax_rates.put", null, new { Rates = put.Value.Count }, cancellationToken);
            return Answer.Ok(new Listing<TaxTableRow>(put.Value, null));
        });

    private static Task<IResult> RemoveRateAsync(
        string? country, string? region, [Description("Its first day, such as 2026-01-01.")] string? valid_from, HttpContext http, ApiWrites writes, CancellationToken cancellationToken) =>
        writes.InPlatformAsync(http, async platform =>
        {
            if (Instants.ReadDay(valid_from) is not { } day) return Problem.Field("valid_from", "invalid_date", "Give a day as 2026-03-01.");
            if (!await TaxTable.RemoveAsync(platform, country ?? "", region ?? "", day, cancellationToken)) return Problem.NotFound("unknown_rate", "There is no rate of that place and day.");
            await Audit.WriteAsync(platform.Connection, 0, platform.Now, platform.Actor, "tax_rate.removed", country, new { region, day }, cancellationToken);
            return Answer.Nothing();
        });

    private static async Task<IResult> ListEntitiesAsync([AsParameters] PageQuery query, NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        var page = query.Read();
        if (page.Problem is { } problem) return new ProblemAnswer(problem);
        var found = await LegalEntities.ListAsync(source, page.Value.After, page.Value.Fetch, cancellationToken);
        return page.Value.Answer(found, entity => entity.Entity.Key, LegalEntityDocument.Of);
    }

    private static Task<IResult> PutEntityAsync(string entity, Body<LegalEntityBody> body, HttpContext http, ApiWrites writes, CancellationToken cancellationToken) =>
        writes.InPlatformAsync(http, async platform =>
        {
            var put = await LegalEntities.PutAsync(platform, body.Value.Of(entity), body.Value.Default, cancellationToken);
            if (put.Problem is { } problem) return problem;
            await Audit.WriteAsync(platform.Connection, 0, platform.Now, platform.Actor, "legal_entity.put", entity, new { body.Value.Name, body.Value.Default }, cancellationToken);
            return Answer.Put(put.Value.Created, $"/v1/legal-entities/{entity}", LegalEntityDocument.Of(put.Value.Row));
        });

    private static bool TryReadAfter(string text, out TaxTableRow? after)
    {
        after = null;
        if (text.Length == 0) return true;
        if (text.Split(' ') is not [{ Length: 2 } country, var region, var date] || Instants.ReadDay(date) is not { } day) return false;
        after = new TaxTableRow(country, region, day, "", 0m);
        return true;
    }
}
