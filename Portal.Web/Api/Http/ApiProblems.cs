using System.Text.Json;
using Microsoft.AspNetCore.WebUtilities;
using Portal.Domain.Kernel;

namespace Portal.Web.Api.Http;

/// <summary>Problems as RFC 9457 documents: <c>type</c>, <c>title</c>, <c>status</c>, <c>detail</c>, a stable <c>code</c>, <c>errors</c> by field.</summary>
public static class ApiProblems
{
    /// <summary>Codes that decide the status rather than their kind.</summary>
    public const string BodyTooLarge = "body_too_large", TooBusy = "too_busy", InProgress = "in_progress", Unauthenticated = "unauthenticated", MethodNotAllowed = "method_not_allowed",
        UnsupportedMediaType = "unsupported_media_type";

    /// <summary>The status of a problem.</summary>
    public static int StatusOf(Problem problem)
    {
        ArgumentNullException.ThrowIfNull(problem);
        return (problem.Code, problem.Kind) switch
        {
            (BodyTooLarge, _) => 413,
            (TooBusy, _) => 429,
            (Unauthenticated, _) => 401,
            (MethodNotAllowed, _) => 405,
            (UnsupportedMediaType, _) => 415,
            (_, ProblemKind.Invalid) => 400,
            (_, ProblemKind.Unprocessable) => 422,
            (_, ProblemKind.NotFound) => 404,
            (_, ProblemKind.Conflict) => 409,
            (_, ProblemKind.PaymentRequired) => 402,
            (_, ProblemKind.Forbidden) => 403,
            (_, ProblemKind.Busy) => 503,
            _ => 500,
        };
    }

    /// <summary>Answers with the problem.</summary>
    public static Task WriteAsync(HttpContext http, Problem problem) => WriteAsync(http, StatusOf(problem), problem);

    /// <summary>Answers with the problem, at a status of its own.</summary>
    public static async Task WriteAsync(HttpContext http, int status, Problem problem)
    {
        ArgumentNullException.ThrowIfNull(http);
        ArgumentNullException.ThrowIfNull(problem);
        var response = http.Response;
        response.StatusCode = status;
        response.ContentType = "application/problem+json";
        response.Headers.CacheControl = "no-store";
        if (status == 401) response.Headers.WWWAuthenticate = "Bearer";
        if (status is 429 or 503 || problem.Code == InProgress) response.Headers.RetryAfter = "1";
        await response.Body.WriteAsync(Document(status, problem), http.RequestAborted);
    }

    /// <summary>Ends the request when something that an endpoint takes is not what it should be.</summary>
    public static async ValueTask<object?> RefuseUnchecked(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(next);
        foreach (var argument in context.Arguments)
        {
            if (argument is IChecked { Problem: { } problem }) return new ProblemAnswer(problem);
        }

        return await next(context);
    }

    private static byte[] Document(int status, Problem problem)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = ApiJson.Options.Encoder }))
        {
            writer.WriteStartObject();
            writer.WriteString("type", $"urn:portal:problem:{problem.Code}");
            writer.WriteString("title", ReasonPhrases.GetReasonPhrase(status));
            writer.WriteNumber("status", status);
            writer.WriteString("detail", problem.Detail);
            writer.WriteString("code", problem.Code);
            if (problem.Errors is { Count: > 0 } errors)
            {
                writer.WritePropertyName("errors");
                JsonSerializer.Serialize(writer, errors, ApiJson.Options);
            }

            foreach (var (name, value) in problem.Extensions ?? new Dictionary<string, object?>(StringComparer.Ordinal))
            {
                writer.WritePropertyName(name);
                JsonSerializer.Serialize(writer, value, value?.GetType() ?? typeof(object), ApiJson.Options);
            }

            writer.WriteEndObject();
        }

        return buffer.ToArray();
    }
}

/// <summary>A problem as the answer of an endpoint.</summary>
public sealed class ProblemAnswer(Problem problem) : IResult
{
    /// <summary>The problem's code.</summary>
    public string Code => problem.Code;

    /// <inheritdoc />
    public Task ExecuteAsync(HttpContext httpContext) => ApiProblems.WriteAsync(httpContext, problem);
}
