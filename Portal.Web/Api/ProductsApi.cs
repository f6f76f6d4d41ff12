using Npgsql;
using Portal.Domain.Catalog;
using Portal.Domain.Kernel;
using Portal.Domain.Tenants;
using Portal.Web.Api.Http;

namespace Portal.Web.Api;

/// <summary>What is sold.</summary>
public static class ProductsApi
{
    /// <summary>Maps the endpoints.</summary>
    public static void Map(RouteGroupBuilder v1)
    {
        var products = v1.MapGroup("/products").WithTags("Catalogue");
        products.MapGet("", ListAsync).PlatformOnly(Scope.Read).Answers<Listing<Product>>().Says("List products", "By key.");
        products.MapGet("/{product}", GetAsync).PlatformOnly(Scope.Read).Answers<Product>().Says("Get a product");
        products.MapPut("/{product}", PutAsync).PlatformOnly().Answers<Product>(200, 201)
            .Says("Create or rename a product", "A product first named by a meter is created with its key as its name.", """{"name":"Language models"}""");
    }

    private static async Task<IResult> ListAsync([AsParameters] PageQuery query, NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        var page = query.Read();
        if (page.Problem is { } problem) return new ProblemAnswer(problem);
        var products = await Products.ListAsync(source, page.Value.After, page.Value.Fetch, cancellationToken);
        return page.Value.Answer(products, product => product.Key, product => product);
    }

    private static async Task<IResult> GetAsync(string product, NpgsqlDataSource source, CancellationToken cancellationToken) =>
        await Products.FindAsync(source, product, cancellationToken) is { } found
            ? Answer.Ok(found)
            : new ProblemAnswer(Problem.NotFound("unknown_product", $"There is no product {product}."));

    private static Task<IResult> PutAsync(
        string product, Body<ProductDefinition> body, HttpContext http, ApiWrites writes, CancellationToken cancellationToken) =>
        writes.InCatalogueAsync(http, "product.put", product, async change =>
            (await Products.PutAsync(change, product, body.Value.Name, cancellationToken))
                .Map(created => Answer.Put(created, $"/v1/products/{product}", new Product(product, body.Value.Name))));
}

/// <summary>What a product is to be.</summary>
/// <param name="Name">1 to 200 characters.</param>
public sealed record ProductDefinition(string Name);
