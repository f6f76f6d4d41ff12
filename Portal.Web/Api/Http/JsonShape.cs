using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Portal.Web.Api.Http;

/// <summary>
/// Compares a body with the type it is to become and lists everything amiss at once: members that are unknown, missing or null,
/// values of another JSON type, texts that no database takes.
/// </summary>
public sealed class JsonShape
{
    private readonly Dictionary<string, string[]> errors = new(StringComparer.Ordinal);
    private string? code;

    private JsonShape()
    {
    }

    /// <summary>What is amiss, or null.</summary>
    public static Domain.Kernel.Problem? Check(JsonElement body, JsonTypeInfo type)
    {
        var shape = new JsonShape();
        shape.Walk(body, type, "");
        if (shape.code is null) return null;
        var first = shape.errors.First();
        return new(Domain.Kernel.ProblemKind.Invalid, shape.code, first.Value[0], shape.errors);
    }

    private void Walk(JsonElement value, JsonTypeInfo type, string path)
    {
        switch (type.Kind)
        {
            case JsonTypeInfoKind.Object:
                if (value.ValueKind == JsonValueKind.Object) WalkObject(value, type, path);
                else Add(path, "invalid_field", "This must be an object.");
                break;
            case JsonTypeInfoKind.Enumerable:
                if (value.ValueKind != JsonValueKind.Array) Add(path, "invalid_field", "This must be a list.");
                else WalkList(value, type.Options.GetTypeInfo(type.ElementType!), path);
                break;
            case JsonTypeInfoKind.Dictionary when value.ValueKind == JsonValueKind.Object:
                foreach (var member in value.EnumerateObject())
                {
                    CheckText(member.Name, Join(path, "*"));
                    Walk(member.Value, type.Options.GetTypeInfo(type.ElementType!), Join(path, member.Name));
                }

                break;
            case JsonTypeInfoKind.None when value.ValueKind == JsonValueKind.Object && ObjectFormOf(type.Type) is { } form:
                Walk(value, type.Options.GetTypeInfo(form), path);
                break;
            default:
                WalkAny(value, path);
                break;
        }
    }

    private static Type? ObjectFormOf(Type type) =>
        (Nullable.GetUnderlyingType(type) ?? type).GetCustomAttribute<Domain.Kernel.ObjectFormAttribute>()?.Form;

    private void WalkObject(JsonElement value, JsonTypeInfo type, string path)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var member in value.EnumerateObject())
        {
            var property = type.Properties.FirstOrDefault(property => property.Name == member.Name);
            if (property is null)
            {
                Add(Join(path, member.Name), "unknown_field", $"There is no field '{member.Name}' here.");
                continue;
            }

            seen.Add(member.Name);
            var inner = type.Options.GetTypeInfo(property.PropertyType);
            if (member.Value.ValueKind != JsonValueKind.Null) Walk(member.Value, inner, Join(path, member.Name));
            else if (!TakesNull(property)) Add(Join(path, member.Name), "missing_field", $"The field '{member.Name}' must have a value.");
        }

        foreach (var property in type.Properties)
        {
            if (IsRequired(property) && !seen.Contains(property.Name))
                Add(Join(path, property.Name), "missing_field", $"The field '{property.Name}' is missing.");
        }
    }

    private void WalkList(JsonElement list, JsonTypeInfo type, string path)
    {
        var index = 0;
        foreach (var item in list.EnumerateArray())
        {
            var at = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{path}[{index++}]");
            if (item.ValueKind == JsonValueKind.Null) Add(at, "missing_field", "An item must have a value.");
            else Walk(item, type, at);
        }
    }

    private void WalkAny(JsonElement value, string path)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.String:
                CheckText(value.GetString()!, path);
                break;
            case JsonValueKind.Array:
                foreach (var item in value.EnumerateArray()) WalkAny(item, path);
                break;
            case JsonValueKind.Object:
                foreach (var member in value.EnumerateObject())
                {
                    CheckText(member.Name, path);
                    WalkAny(member.Value, Join(path, member.Name));
                }

                break;
            case JsonValueKind.Undefined or JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False or JsonValueKind.Null:
            default:
                break;
        }
    }

    private void CheckText(string text, string path)
    {
        if (text.Contains('\0', StringComparison.Ordinal)) Add(path, "invalid_characters", "The character U+0000 is not accepted.");
    }

    private void Add(string path, string problem, string message)
    {
        code ??= problem;
        if (errors.Count < 50) errors.TryAdd(path, [message]);
    }

    private static bool IsRequired(JsonPropertyInfo property) =>
        property.IsRequired || property.AssociatedParameter is { HasDefaultValue: false };

    private static bool TakesNull(JsonPropertyInfo property) =>
        Nullable.GetUnderlyingType(property.PropertyType) is not null
        || (property.PropertyType.IsGenericType && property.PropertyType.GetGenericTypeDefinition() == typeof(Optional<>))
        || (!property.PropertyType.IsValueType && (property.AssociatedParameter?.IsNullable ?? property.IsSetNullable));

    private static string Join(string path, string name) => path.Length == 0 ? name : $"{path}.{name}";
}
