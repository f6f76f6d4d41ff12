using Npgsql;
using Portal.Domain.Catalog;
using Portal.Domain.Kernel;
using Portal.Domain.Tenants;
using Portal.Web.Api.Http;

namespace Portal.Web.Api;

/// <summary>Credits for sale.</summary>
public static class PacksApi
{
    private const string Example = """
        {"name":"Starter","credits":"1000","price":"10.00","currency":"USD","bonus_credits":"0","expires_after":"P1Y","priority":50,
         "products":null,"tax":"exclusive","active":true}
        """;

    /// <summary>Maps the endpoints.</summary>
    public static void Map(RouteGroupBuilder v1)
    {
        var packs = v1.MapGroup("/packs").WithTags("Catalogue");
        packs.MapGet("", ListAsync).PlatformOnly(Scope.Read).Answers<Listing<PackDocument>>().Says("List packs", "By key, those no longer sold too.");
        packs.MapGet("/{pack}", GetAsync).PlatformOnly(Scope.Read).Answers<PackDocument>().Says("Get a pack");
        packs.MapPut("/{pack}", PutAsync).PlatformOnly().Answers<PackDocument>(200, 201).Says(
            "Create or replace a pack",
            "With a price model and `min`, `max` instead of `credits` it sells a custom amount. What was sold stays as it was.",
            Example);
    }

    private static async Task<IResult> ListAsync([AsParameters] PageQuery query, NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        var page = query.Read();
        if (page.Problem is { } problem) return new ProblemAnswer(problem);
        var packs = await Packs.ListAsync(source, page.Value.After, page.Value.Fetch, cancellationToken);
        return page.Value.Answer(packs, pack => pack.Key, pack => PackDocument.Of(pack.Key, pack.Definition));
    }

    private static async Task<IResult> GetAsync(string pack, NpgsqlDataSource source, CancellationToken cancellationToken) =>
        await Packs.FindAsync(source, pack, cancellationToken) is { } found
            ? Answer.Ok(PackDocument.Of(found.Key, found.Definition))
            : new ProblemAnswer(Problem.NotFound("unknown_pack", $"There is no pack {pack}."));

    private static Task<IResult> PutAsync(string pack, Body<PackDefinition> body, HttpContext http, ApiWrites writes, CancellationToken cancellationToken) =>
        writes.InCatalogueAsync(http, "pack.put", pack, async change =>
            (await Packs.PutAsync(change, pack, body.Value, cancellationToken))
                .Map(created => Answer.Put(created, $"/v1/packs/{pack}", PackDocument.Of(pack, body.Value))));
}

/// <summary>A pack as the API shows it.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Name">What people call it.</param>
/// <param name="Credits">Credits that it sells; null for a custom amount.</param>
/// <param name="Price">Its price, or with a custom amount a price model over the credits.</param>
/// <param name="Currency">ISO 4217.</param>
/// <param name="BonusCredits">Credits given on top.</param>
/// <param name="ExpiresAfter">How long its credits last, ISO 8601; null for ever.</param>
/// <param name="Priority">Burn priority of its grants.</param>
/// <param name="Products">Products that its credits are for; null for all.</param>
/// <param name="Tax">`exclusive` or `inclusive`.</param>
/// <param name="Active">False: no longer sold.</param>
/// <param name="Min">Custom amount: least credits.</param>
/// <param name="Max">Custom amount: most credits.</param>
public sealed record PackDocument(
    string Key, string Name, decimal? Credits, PackPrice Price, string Currency, decimal BonusCredits, string? ExpiresAfter, int Priority,
    IReadOnlyList<string>? Products, string Tax, bool Active, decimal? Min, decimal? Max)
{
    /// <summary>The document of a pack.</summary>
    public static PackDocument Of(string key, PackDefinition pack)
    {
        ArgumentNullException.ThrowIfNull(pack);
        return new(key, pack.Name!, pack.Credits, pack.Price!.Value, pack.Currency!, pack.BonusCredits ?? 0m, pack.ExpiresAfter, pack.Priority ?? 50,
            pack.Products, pack.Tax ?? "exclusive", pack.Active ?? true, pack.Min, pack.Max);
    }
}
