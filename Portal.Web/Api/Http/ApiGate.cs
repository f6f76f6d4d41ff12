using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.WebUtilities;
using Npgsql;
using Portal.Domain.Kernel;
using Portal.Domain.Tenants;

namespace Portal.Web.Api.Http;

/// <summary>
/// Stands before everything under <c>/v1</c>: lets in bearer keys that hold what the endpoint asks for (cookies mean nothing here),
/// finds the tenant of the path, and makes whatever goes wrong a problem document.
/// </summary>
public sealed class ApiGate(RequestDelegate next, ApiKeyDirectory keys, TenantGate tenants, ApiAddresses addresses, ILogger<ApiGate> log)
{
    /// <summary>Name of the tenant's part of a path.</summary>
    public const string TenantParameter = "tenant";

    /// <summary>Answers a request.</summary>
    public async Task InvokeAsync(HttpContext http)
    {
        ArgumentNullException.ThrowIfNull(http);
        if (http.Features.Get<IStatusCodePagesFeature>() is { } pages) pages.Enabled = false;
        try
        {
            if (await AdmitAsync(http) is { } refused)
            {
                await ApiProblems.WriteAsync(http, refused);
                return;
            }

            await next(http);
            if (http.Response is { HasStarted: false, StatusCode: >= 400, ContentType: null, ContentLength: null })
                await ApiProblems.WriteAsync(http, http.Response.StatusCode, OfStatus(http.Response.StatusCode));
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            http.Response.StatusCode = StatusCodes.Status499ClientClosedRequest;
        }
        catch (Exception exception) when (!http.Response.HasStarted)
        {
            await FailAsync(http, exception);
        }
    }

    private async Task FailAsync(HttpContext http, Exception exception)
    {
        http.Response.Clear();
        switch (exception)
        {
            case BadHttpRequestException { StatusCode: 413 }:
                await ApiProblems.WriteAsync(http, new Problem(ProblemKind.Invalid, ApiProblems.BodyTooLarge, "The body is too large."));
                break;
            case BadHttpRequestException bad:
                await ApiProblems.WriteAsync(http, bad.StatusCode, new Problem(ProblemKind.Invalid, "bad_request", "The request could not be read."));
                break;
            case NpgsqlException { IsTransient: true }:
                log.LogWarning(exception, "The database is busy or away: {Method} {Path}", http.Request.Method, http.Request.Path);
                await ApiProblems.WriteAsync(http, new Problem(ProblemKind.Busy, "unavailable", "The database is busy. Nothing was changed; try again in a moment."));
                break;
            default:
                log.LogError(exception, "Unhandled: {Method} {Path}", http.Request.Method, http.Request.Path);
                await ApiProblems.WriteAsync(http, StatusCodes.Status500InternalServerError, OfStatus(StatusCodes.Status500InternalServerError) with
                {
                    Extensions = new Dictionary<string, object?>(StringComparer.Ordinal) { ["trace_id"] = http.TraceIdentifier },
                });
                break;
        }
    }

    private async ValueTask<Problem?> AdmitAsync(HttpContext http)
    {
        var endpoint = http.GetEndpoint();
        if (endpoint?.Metadata.GetMetadata<ApiAccess>() is not { } access)
        {
            // Not ours: an address that is none, a method that ours does not take, or the routing's own answer (415), which passes.
            var methods = addresses.MethodsOf(http.Request.Path);
            if (methods.Count == 0) return OfStatus(StatusCodes.Status404NotFound);
            if (methods.Contains(http.Request.Method, StringComparer.OrdinalIgnoreCase) && endpoint is not (null or RouteEndpoint)) return null;
            http.Response.Headers.Allow = string.Join(", ", methods);
            return OfStatus(StatusCodes.Status405MethodNotAllowed);
        }

        if (await keys.FindAsync(BearerOf(http), http.RequestAborted) is not { } key)
            return new Problem(ProblemKind.Forbidden, ApiProblems.Unauthenticated, "Send a valid key: Authorization: Bearer <key>.");
        var caller = new ApiCaller(key);
        if (access.PlatformOnly && !caller.IsPlatform) return Problem.Forbidden("platform_key_required", "Only a platform key may do that.");
        if (!caller.Scopes.Contains(access.Scope)) return Problem.Forbidden("missing_scope", $"The key lacks the scope {access.Scope}.");
        http.Features.Set(caller);
        if (http.GetRouteValue(TenantParameter) is not string name || endpoint.Metadata.GetMetadata<MakesTenant>() is not null) return null;
        var tenant = await tenants.FindAsync(caller, name, http.RequestAborted);
        if (tenant.Problem is { } problem) return problem;
        http.Features.Set(tenant.Value);
        return null;
    }

    private static string? BearerOf(HttpContext http)
    {
        if (http.Request.Headers.Authorization is not [{ } header]) return null;
        return header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) ? header["Bearer ".Length..].Trim() : null;
    }

    private static Problem OfStatus(int status) => status switch
    {
        404 => new(ProblemKind.NotFound, "not_found", "There is nothing at this address."),
        405 => new(ProblemKind.Invalid, ApiProblems.MethodNotAllowed, "This address does not take that method."),
        413 => new(ProblemKind.Invalid, ApiProblems.BodyTooLarge, "The body is too large."),
        415 => new(ProblemKind.Invalid, "unsupported_media_type", "Send the body as application/json."),
        500 => new(ProblemKind.Invalid, "internal_error", "Something went wrong here. Nothing was changed unless the answer before said so."),
        _ => new(ProblemKind.Invalid, "http_" + status, ReasonPhrases.GetReasonPhrase(status)),
    };
}

/// <summary>Marks an endpoint whose path names a tenant that may not exist yet.</summary>
public sealed record MakesTenant;
