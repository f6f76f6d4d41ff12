using System.Globalization;
using System.Text.Json;
using Portal.Domain.Kernel;
using Portal.Domain.Metering.Rerating;
using Portal.Domain.Pricing;

namespace Portal.Web.Components.ConsolePages.Work;

/// <summary>Operations in words.</summary>
public static class OperationText
{
    /// <summary>What it is.</summary>
    public static string Title(Operation operation)
    {
        ArgumentNullException.ThrowIfNull(operation);
        return operation.Kind switch
        {
            OperationKind.LateRating => "Late rating",
            OperationKind.Rerate => "Re-rating",
            OperationKind.ReratePreview => "Preview of a re-rating",
            OperationKind.VersionPreview => "Preview of a version",
            _ => operation.Kind,
        };
    }

    /// <summary>What it is about.</summary>
    public static string About(Operation operation)
    {
        ArgumentNullException.ThrowIfNull(operation);
        using var parameters = JsonDocument.Parse(operation.Parameters);
        var root = parameters.RootElement;
        if (operation.Kind == OperationKind.LateRating) return $"Usage that came before its price, after {Text(root, "cause")?.Replace(':', ' ').Replace('_', ' ')} was published.";
        var version = root.TryGetProperty("version", out var number) ? $"version {number}" : "a version that is not published";
        return $"{Text(root, "card")}, {version}, usage from {Day(root, "from")} to {Day(root, "to")}{Whose(root)}.";
    }

    /// <summary>The order that a preview of a re-rating showed, to be posted; null when it is none.</summary>
    public static RerateOrder? OrderOf(Operation operation)
    {
        ArgumentNullException.ThrowIfNull(operation);
        using var parameters = JsonDocument.Parse(operation.Parameters);
        var root = parameters.RootElement;
        if (operation.Kind != OperationKind.ReratePreview || Text(root, "card") is not { } card || !root.TryGetProperty("version", out var version)
            || !InstantText.TryParse(Text(root, "from"), out var from) || !InstantText.TryParse(Text(root, "to"), out var to)) return null;
        var tenants = root.TryGetProperty("tenants", out var named) && named.ValueKind == JsonValueKind.Array ? named.EnumerateArray().Select(key => key.GetString()!).ToArray() : null;
        return new RerateOrder(card, version.GetInt32(), new ReratePeriod(from, to, tenants), Preview: false);
    }

    private static string? Text(JsonElement root, string name) => root.TryGetProperty(name, out var value) ? value.GetString() : null;

    private static string Day(JsonElement root, string name) =>
        InstantText.TryParse(Text(root, name), out var at) ? at.UtcDateTime.ToString(at.TimeOfDay == TimeSpan.Zero ? "d MMM yyyy" : "d MMM yyyy HH:mm", CultureInfo.CurrentCulture) : "?";

    private static string Whose(JsonElement root) =>
        root.TryGetProperty("tenants", out var named) && named.ValueKind == JsonValueKind.Array ? $", of {named.GetArrayLength()} tenants named" : "";
}
