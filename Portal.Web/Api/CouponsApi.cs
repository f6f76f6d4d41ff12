using Npgsql;
using Portal.Domain.Catalog.Coupons;
using Portal.Domain.Kernel;
using Portal.Domain.Tenants;
using Portal.Web.Api.Http;

namespace Portal.Web.Api;

/// <summary>What takes something off a price.</summary>
public static class CouponsApi
{
    private const string Example = """
        {"percent":"20","duration":"periods","periods":3,"applies_to":["pro"],"redeem_by":"2027-01-01T00:00:00Z","max_redemptions":100}
        """;

    /// <summary>Maps the endpoints.</summary>
    public static void Map(RouteGroupBuilder v1)
    {
        var coupons = v1.MapGroup("/coupons").WithTags("Catalogue");
        coupons.MapGet("", ListAsync).PlatformOnly(Scope.Read).Answers<Listing<CouponDocument>>().Says("List coupons", "By key.");
        coupons.MapGet("/{coupon}", GetAsync).PlatformOnly(Scope.Read).Answers<CouponDocument>().Says("Get a coupon");
        coupons.MapPut("/{coupon}", PutAsync).PlatformOnly().Answers<CouponDocument>(200, 201).Says(
            "Create or replace a coupon",
            "A percent, or an amount with its currency, off a subscription's billing periods (`duration`: `once`, `periods`, `forever`) or off one purchase of a pack. An amount is used up in the order flat fees, seats, included credits, usage. What was redeemed stays as it was.",
            Example);
    }

    private static async Task<IResult> ListAsync([AsParameters] PageQuery query, NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        var page = query.Read();
        if (page.Problem is { } problem) return new ProblemAnswer(problem);
        var coupons = await CouponCatalogue.ListAsync(source, page.Value.After, page.Value.Fetch, cancellationToken);
        return page.Value.Answer(coupons, coupon => coupon.Key, coupon => CouponDocument.Of(coupon.Key, coupon.Definition));
    }

    private static async Task<IResult> GetAsync(string coupon, NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        return await CouponCatalogue.FindAsync(connection, coupon, cancellationToken) is { } found
            ? Answer.Ok(CouponDocument.Of(found.Key, found.Definition))
            : new ProblemAnswer(Problem.NotFound("unknown_coupon", $"There is no coupon {coupon}."));
    }

    private static Task<IResult> PutAsync(string coupon, Body<CouponDefinition> body, HttpContext http, ApiWrites writes, CancellationToken cancellationToken) =>
        writes.InCatalogueAsync(http, "coupon.put", coupon, async change =>
            (await CouponCatalogue.PutAsync(change, coupon, body.Value, cancellationToken))
                .Map(created => Answer.Put(created, $"/v1/coupons/{coupon}", CouponDocument.Of(coupon, body.Value))));
}

/// <summary>A coupon as the API shows it.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Percent">Percent off, or null.</param>
/// <param name="Amount">Money off, or null.</param>
/// <param name="Currency">ISO 4217 code of the amount.</param>
/// <param name="Duration">`once`, `periods` or `forever`.</param>
/// <param name="Periods">How many billing periods.</param>
/// <param name="AppliesTo">Keys of the plans and packs that it is for; null for all.</param>
/// <param name="RedeemBy">Until when it can be redeemed.</param>
/// <param name="MaxRedemptions">How often it can be redeemed.</param>
public sealed record CouponDocument(
    string Key, decimal? Percent, decimal? Amount, string? Currency, string Duration, int? Periods, IReadOnlyList<string>? AppliesTo, DateTimeOffset? RedeemBy,
    int? MaxRedemptions)
{
    /// <summary>The document of a coupon.</summary>
    public static CouponDocument Of(string key, CouponDefinition coupon)
    {
        ArgumentNullException.ThrowIfNull(coupon);
        return new CouponDocument(
            key, coupon.Percent, coupon.Amount, coupon.Currency, coupon.Duration!, coupon.Periods, coupon.AppliesTo, coupon.RedeemBy, coupon.MaxRedemptions);
    }
}
