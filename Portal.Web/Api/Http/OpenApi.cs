using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using Portal.Web.Hosting;
using Scalar.AspNetCore;

namespace Portal.Web.Api.Http;

/// <summary>The OpenAPI document and the page that reads it; nothing is fetched from elsewhere.</summary>
public static class OpenApi
{
    private const string Scheme = "key";

    /// <summary>Registers the document <c>v1</c>.</summary>
    public static void AddApiDocument(this IServiceCollection services) => services.AddOpenApi("v1", options =>
    {
        options.ShouldInclude = description => description.RelativePath?.StartsWith("v1/", StringComparison.Ordinal) == true;
        options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info = new OpenApiInfo { Title = "Portal", Version = "1", Description = Introduction };
            document.Servers = [];
            document.Components ??= new OpenApiComponents();
            document.Components.SecuritySchemes ??= new Dictionary<string, IOpenApiSecurityScheme>(StringComparer.Ordinal);
            document.Components.SecuritySchemes[Scheme] = new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.Http,
                Scheme = "bearer",
                Description = "A platform key (pk_…) acts for any tenant, a tenant's key (tk_…) for its own.",
            };
            document.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(Scheme, document)] = [] }];
            return Task.CompletedTask;
        });
        options.AddSchemaTransformer((schema, context, _) =>
        {
            Describe(schema, context.JsonTypeInfo);
            return Task.CompletedTask;
        });
        options.AddOperationTransformer((operation, context, _) =>
        {
            Complete(operation, context);
            return Task.CompletedTask;
        });
    });

    /// <summary>Maps <c>/openapi/v1.json</c> and <c>/docs</c>.</summary>
    public static void MapApiDocument(this WebApplication app)
    {
        app.MapOpenApi().AllowAnonymous();
        app.MapScalarApiReference("/docs", (options, http) =>
        {
            options.Nonce = http.CspNonce();
            options.DisableAgent();
            options.Title = "Portal API";
            options.DefaultFonts = false;
            options.Telemetry = false;
            options.ShowDeveloperTools = DeveloperToolsVisibility.Never;
            options.HideClientButton = true;
            options.PersistentAuthentication = true;
        }).AllowAnonymous().ExcludeFromDescription();
    }

    // Converters hide what a type looks like from the generator.
    private static void Describe(OpenApiSchema schema, JsonTypeInfo type)
    {
        var given = type.Type;
        if (given.IsGenericType && given.GetGenericTypeDefinition() == typeof(Optional<>)) given = given.GetGenericArguments()[0];
        var nullable = Nullable.GetUnderlyingType(given) is not null || given != type.Type;
        var plain = Nullable.GetUnderlyingType(given) ?? given;
        if (plain == typeof(decimal))
        {
            schema.Type = nullable ? JsonSchemaType.String | JsonSchemaType.Null : JsonSchemaType.String;
            schema.Format = "decimal";
            schema.Pattern = @"^-?[0-9]+(\.[0-9]+)?$";
            schema.Examples = [JsonValue.Create("12.345000000")];
        }
        else if (plain == typeof(DateTimeOffset))
        {
            schema.Type = nullable ? JsonSchemaType.String | JsonSchemaType.Null : JsonSchemaType.String;
            schema.Format = "date-time";
            schema.Pattern = null;
            schema.Examples = [JsonValue.Create("2026-03-01T10:15:00Z")];
        }
        else if (given != type.Type && plain == typeof(string)) schema.Type = JsonSchemaType.String | JsonSchemaType.Null;
    }

    private static void Complete(OpenApiOperation operation, OpenApiOperationTransformerContext context)
    {
        var metadata = context.Description.ActionDescriptor.EndpointMetadata;
        foreach (var name in NamesIn(context.Description.RelativePath ?? ""))
        {
            operation.Parameters ??= [];
            if (operation.Parameters.Any(parameter => parameter.In == ParameterLocation.Path && parameter.Name == name)) continue;
            operation.Parameters.Insert(0, new OpenApiParameter
            {
                Name = name,
                In = ParameterLocation.Path,
                Required = true,
                Description = name == ApiGate.TenantParameter ? "Key or id of the tenant." : null,
                Schema = new OpenApiSchema { Type = JsonSchemaType.String },
            });
        }

        if (metadata.OfType<ApiAccess>().LastOrDefault() is { } access)
        {
            var who = access.PlatformOnly ? "Platform keys" : "Keys";
            operation.Description = $"{operation.Description}\n\n{who} with the scope `{access.Scope}`.".Trim();
        }

        if (string.Equals(context.Description.HttpMethod, "POST", StringComparison.Ordinal) && !metadata.OfType<TakesNoIdempotencyKey>().Any())
        {
            operation.Parameters ??= [];
            operation.Parameters.Add(new OpenApiParameter
            {
                Name = "Idempotency-Key",
                In = ParameterLocation.Header,
                Description = "Makes the call happen once: repeats with the same body get the first answer. Kept 30 days.",
                Schema = new OpenApiSchema { Type = JsonSchemaType.String, MaxLength = 255 },
            });
        }

        if (metadata.OfType<BodyExample>().LastOrDefault() is { } example && operation.RequestBody?.Content is { } contents)
        {
            foreach (var content in contents.Values.OfType<OpenApiMediaType>()) content.Example = JsonNode.Parse(example.Json);
        }

        operation.Responses ??= [];
        operation.Responses["4XX"] = new OpenApiResponse
        {
            Description = "A problem document (RFC 9457) with a stable `code`, and `errors` by field.",
            Content = new Dictionary<string, OpenApiMediaType>(StringComparer.Ordinal) { ["application/problem+json"] = new() { Schema = Problem, Example = ProblemExample() } },
        };
    }

    private static OpenApiSchema Problem => new()
    {
        Type = JsonSchemaType.Object,
        Required = new HashSet<string>(StringComparer.Ordinal) { "type", "title", "status", "detail", "code" },
        Properties = new Dictionary<string, IOpenApiSchema>(StringComparer.Ordinal)
        {
            ["type"] = new OpenApiSchema { Type = JsonSchemaType.String },
            ["title"] = new OpenApiSchema { Type = JsonSchemaType.String },
            ["status"] = new OpenApiSchema { Type = JsonSchemaType.Integer },
            ["detail"] = new OpenApiSchema { Type = JsonSchemaType.String },
            ["code"] = new OpenApiSchema { Type = JsonSchemaType.String },
            ["errors"] = new OpenApiSchema
            {
                Type = JsonSchemaType.Object,
                AdditionalProperties = new OpenApiSchema { Type = JsonSchemaType.Array, Items = new OpenApiSchema { Type = JsonSchemaType.String } },
            },
        },
    };

    private static JsonNode ProblemExample() => JsonNode.Parse(
        """
        {"type":"urn:portal:problem:missing_field","title":"Bad Request","status":400,"detail":"The field 'name' is missing.",
         "code":"missing_field","errors":{"name":["The field 'name' is missing."]}}
        """)!;

    private static IEnumerable<string> NamesIn(string path) =>
        path.Split('/').Where(part => part.StartsWith('{') && part.EndsWith('}')).Select(part => part[1..^1].Split(':')[0].TrimEnd('?')).Reverse();

    private const string Introduction = """
        What a platform's backend talks to: tenants, their credits and usage.

        **Decimals** travel as strings (`"12.345000000"`; numbers are accepted), **instants** as RFC 3339 in UTC. **Lists** answer
        `{"items":[…],"next_cursor":…}` and take `limit` and `cursor`. Unknown fields are refused. In `PUT` absent means the default, in `PATCH`
        absent means unchanged and `null` clears. **429** and **503** come before anything is claimed, carry `Retry-After` and are safe to repeat.
        """;
}

/// <summary>An example of an endpoint's body, for the document.</summary>
/// <param name="Json">JSON.</param>
public sealed record BodyExample(string Json);

/// <summary>Marks a POST that is repeatable by itself or changes nothing.</summary>
public sealed record TakesNoIdempotencyKey;

/// <summary>How endpoints describe themselves.</summary>
public static class DocumentConventions
{
    /// <summary>What the endpoint does, and an example of its body.</summary>
    public static RouteHandlerBuilder Says(this RouteHandlerBuilder builder, string summary, string? description = null, string? example = null)
    {
        builder.WithSummary(summary);
        if (description is not null) builder.WithDescription(description);
        return example is null ? builder : builder.WithMetadata(new BodyExample(example));
    }

    /// <summary>The endpoint answers with a body of that type.</summary>
    public static RouteHandlerBuilder Answers<T>(this RouteHandlerBuilder builder, params int[] statuses)
    {
        foreach (var status in statuses.Length == 0 ? [StatusCodes.Status200OK] : statuses) builder.Produces<T>(status);
        return builder;
    }
}
