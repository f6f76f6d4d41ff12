using Portal.Domain.Catalog.Templates;
using Portal.Domain.Tenants;
using Portal.Web.Api.Http;

namespace Portal.Web.Api;

/// <summary>Price lists that a portal can start from.</summary>
public static class TemplatesApi
{
    /// <summary>Maps the endpoints.</summary>
    public static void Map(RouteGroupBuilder v1)
    {
        var templates = v1.MapGroup("/templates").WithTags("Catalogue");
        templates.MapGet("", List).PlatformOnly(Scope.Read).Answers<Listing<TemplateDocument>>().Says(
            "List templates", "Published price lists as parts of the catalogue: products, meters, rate and cost cards, outcome rules, packs and plans.");
        templates.MapGet("/{template}", Get).PlatformOnly(Scope.Read).Answers<CatalogueTemplate>().Says(
            "Get a template", "With everything in it, in the bodies of the catalogue's own calls.");
        templates.MapPost("/{template}/load", LoadAsync).PlatformOnly().Answers<TemplateLoaded>().Says(
            "Load a template",
            "Makes what the catalogue does not have yet; what it has word for word stays. A key that means something else is refused with its place "
            + "(`template_conflict`), and then nothing is made.");
    }

    private static Answer List() => Answer.Ok(new Listing<TemplateDocument>([.. CatalogueTemplates.All.Select(TemplateDocument.Of)], NextCursor: null));

    private static IResult Get(string template) => CatalogueTemplates.Find(template).ToAnswer();

    private static async Task<IResult> LoadAsync(string template, HttpContext http, ApiWrites writes)
    {
        var found = CatalogueTemplates.Find(template);
        if (found.Problem is { } unknown) return new ProblemAnswer(unknown);
        return await writes.InCatalogueAsync(http, "template.loaded", template, async change =>
            (await CatalogueTemplates.LoadAsync(change, found.Value, http.RequestAborted)).Map(Answer.Ok));
    }
}

/// <summary>A template without what is in it.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Name">What people call it.</param>
/// <param name="Description">Where its prices are from, and what they do not cover.</param>
/// <param name="Contains">Places of everything in it: `meters.openai`.</param>
public sealed record TemplateDocument(string Key, string Name, string Description, IReadOnlyList<string> Contains)
{
    /// <summary>The document of a template.</summary>
    public static TemplateDocument Of(CatalogueTemplate template)
    {
        ArgumentNullException.ThrowIfNull(template);
        return new(template.Key, template.Name, template.Description, [.. template.Places()]);
    }
}
