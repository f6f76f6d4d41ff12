using System.Reflection;
using Portal.Domain.Data;

namespace Portal.Architecture.Tests;

/// <summary>Binary fractions cannot hold a cent: no member of the domain has or takes one.</summary>
public sealed class MoneyTests
{
    /// <summary>Where it is a measure of time or of drawing and never of money. This list only shrinks.</summary>
    private static readonly HashSet<string> Allowed = new(StringComparer.Ordinal);

    private const BindingFlags All =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    [Fact]
    public void No_member_of_the_domain_is_a_double_or_a_float()
    {
        var types = typeof(PortalDatabase).Assembly.GetTypes();
        types.Length.ShouldBeGreaterThan(50);
        types.SelectMany(Members).Where(member => !Allowed.Contains(member)).Distinct(StringComparer.Ordinal).ShouldBeEmpty();
    }

    private static IEnumerable<string> Members(Type type)
    {
        var fields = type.GetFields(All).Where(field => IsBinary(field.FieldType)).Select(field => field.Name);
        var methods = type.GetMethods(All).Cast<MethodBase>().Concat(type.GetConstructors(All))
            .Where(method => method.GetParameters().Any(p => IsBinary(p.ParameterType)) || (method is MethodInfo m && IsBinary(m.ReturnType)))
            .Select(method => method.Name);
        return fields.Concat(methods).Select(member => $"{type.FullName}.{member}");
    }

    private static bool IsBinary(Type type)
    {
        if (type.HasElementType) return IsBinary(type.GetElementType()!);
        return type.IsGenericType ? type.GetGenericArguments().Any(IsBinary) : type == typeof(double) || type == typeof(float) || type == typeof(Half);
    }
}
