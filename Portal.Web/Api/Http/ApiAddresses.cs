using Microsoft.AspNetCore.Routing.Template;

namespace Portal.Web.Api.Http;

/// <summary>
/// The addresses of the API and the methods they take. Pages match any address, so the routing alone cannot tell an address that is
/// none from one that does not take a method.
/// </summary>
public sealed class ApiAddresses(EndpointDataSource endpoints)
{
    private readonly Lazy<IReadOnlyList<(TemplateMatcher Matcher, IReadOnlyList<string> Methods)>> known = new(() =>
    [
        .. from endpoint in endpoints.Endpoints.OfType<RouteEndpoint>()
           where endpoint.Metadata.GetMetadata<ApiAccess>() is not null
           let template = TemplateParser.Parse(endpoint.RoutePattern.RawText!.TrimStart('/').TrimEnd('/'))
           select (new TemplateMatcher(template, []), endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? []),
    ]);

    /// <summary>The methods that an address takes, in order; none when there is no such address.</summary>
    public IReadOnlyList<string> MethodsOf(PathString path) =>
    [
        .. known.Value.Where(address => address.Matcher.TryMatch(path.Value!.TrimEnd('/'), []))
            .SelectMany(address => address.Methods).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal),
    ];
}
