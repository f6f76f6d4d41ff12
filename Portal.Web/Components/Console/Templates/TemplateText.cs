using Portal.Domain.Catalog.Templates;

namespace Portal.Web.Components.ConsolePages.Templates;

/// <summary>Templates in words.</summary>
public static class TemplateText
{
    /// <summary>How much is in it: <c>1 product · 2 meters · 1 plan</c>.</summary>
    public static string Contents(CatalogueTemplate template)
    {
        ArgumentNullException.ThrowIfNull(template);
        (int Count, string Noun)[] kinds =
        [
            (template.Products.Count, "product"), (template.Meters.Count, "meter"), (template.RateCards.Count, "rate card"), (template.CostCards.Count, "cost card"),
            (template.Outcomes.Count, "outcome rule"), (template.Packs.Count, "pack"), (template.Plans.Count, "plan"),
        ];
        return string.Join(" · ", kinds.Where(kind => kind.Count > 0).Select(kind => Number(kind.Count, kind.Noun)));
    }

    /// <summary>What loading it came to.</summary>
    public static string Loaded(CatalogueTemplate template, TemplateLoaded loaded)
    {
        ArgumentNullException.ThrowIfNull(template);
        ArgumentNullException.ThrowIfNull(loaded);
        if (loaded.Made.Count == 0) return $"All of {template.Name} was there already. Nothing was changed.";
        var present = loaded.Present.Count == 0 ? "" : $" {Number(loaded.Present.Count, "part")} of it {(loaded.Present.Count == 1 ? "was" : "were")} there already.";
        return $"{template.Name} is loaded: {Number(loaded.Made.Count, "part")} made.{present}";
    }

    private static string Number(int count, string noun) => FormattableString.Invariant($"{count} {noun}{(count == 1 ? "" : "s")}");
}
