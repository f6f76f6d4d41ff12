using System.Text.Json;
using Portal.Domain.Kernel;
using Portal.Domain.Pricing;

namespace Portal.Domain.Catalog.Templates;

/// <summary>What loading a template came to.</summary>
/// <param name="Template">Its key.</param>
/// <param name="Made">Places of what is new, in the order made: <c>meters.openai</c>.</param>
/// <param name="Present">Places of what was there already, word for word.</param>
public sealed record TemplateLoaded(string Template, IReadOnlyList<string> Made, IReadOnlyList<string> Present);

/// <summary>The templates that come with the portal: files of this folder.</summary>
public static class CatalogueTemplates
{
    private const string Folder = "Portal.Domain.Catalog.Templates.", Ending = ".json";

    private static readonly Lazy<IReadOnlyList<CatalogueTemplate>> Read = new(ReadAll);

    /// <summary>All of them, by key.</summary>
    public static IReadOnlyList<CatalogueTemplate> All => Read.Value;

    /// <summary>The template of that key, or <c>unknown_template</c>.</summary>
    public static Result<CatalogueTemplate> Find(string? key) => All.FirstOrDefault(template => template.Key == key) is { } found
        ? found
        : Problem.NotFound("unknown_template", $"There is no template {key}. There are {string.Join(", ", All.Select(template => template.Key))}.");

    /// <summary>A template from the text of its file.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="json">The text.</param>
    /// <exception cref="JsonException">It is malformed, or has a field that is not known.</exception>
    public static CatalogueTemplate Parse(string key, string json) => JsonSerializer.Deserialize<CatalogueTemplate>(json, PortalJson.Options)! with { Key = key };

    /// <summary>
    /// Makes what the template has and the catalogue does not, through the commands of the API. What is there word for word stays as it is; a key
    /// that means something else there is refused with its place (<c>template_conflict</c>), as is whatever the commands refuse, and then nothing of
    /// the template is made.
    /// </summary>
    /// <param name="change">The change that it is part of; a refusal must roll it back.</param>
    /// <param name="template">The template.</param>
    /// <param name="cancellationToken">Stops it before it is committed.</param>
    public static async Task<Result<TemplateLoaded>> LoadAsync(CatalogueChange change, CatalogueTemplate template, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(change);
        ArgumentNullException.ThrowIfNull(template);
        var parts = await new TemplateParts(change, template, cancellationToken).ReadAsync();
        var others = new FieldErrors();
        foreach (var part in parts.Where(part => part.Standing == PartStanding.Other))
            others.Add(part.Place, "template_conflict", "The catalogue has something else under this key, which the template does not replace.");
        if (others.ToProblem(ProblemKind.Conflict) is { } conflict) return conflict;
        foreach (var part in parts.Where(part => part.Standing == PartStanding.Absent))
        {
            if (await part.MakeAsync() is { } refused) return At(part.Place, refused);
        }

        return new TemplateLoaded(
            template.Key, [.. parts.Where(part => part.Standing == PartStanding.Absent).Select(part => part.Place)],
            [.. parts.Where(part => part.Standing == PartStanding.Same).Select(part => part.Place)]);
    }

    // Fields of the body at fault become places in the file.
    private static Problem At(string place, Problem refused) => refused with
    {
        Detail = $"{place}: {refused.Detail}",
        Errors = refused.Errors is null
            ? new Dictionary<string, string[]>(StringComparer.Ordinal) { [place] = [refused.Detail] }
            : refused.Errors.ToDictionary(error => $"{place}.{error.Key}", error => error.Value, StringComparer.Ordinal),
    };

    private static IReadOnlyList<CatalogueTemplate> ReadAll()
    {
        var assembly = typeof(CatalogueTemplates).Assembly;
        var names = assembly.GetManifestResourceNames().Where(name => name.StartsWith(Folder, StringComparison.Ordinal) && name.EndsWith(Ending, StringComparison.Ordinal));
        return [.. names.Order(StringComparer.Ordinal).Select(name =>
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
            return Parse(name[Folder.Length..^Ending.Length], reader.ReadToEnd());
        })];
    }
}
