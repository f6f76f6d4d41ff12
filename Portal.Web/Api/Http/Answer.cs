using System.Text.Json;
using Portal.Domain.Kernel;
using Portal.Domain.Tenants;

namespace Portal.Web.Api.Http;

/// <summary>A success of the API: status, body and where the new thing is.</summary>
/// <param name="Status">200 to 299.</param>
/// <param name="Body">What is answered as JSON; null is no body.</param>
/// <param name="Location">Path of the thing made.</param>
public sealed record Answer(int Status, object? Body, string? Location = null) : IResult
{
    /// <summary>What repeats of the request get instead of <see cref="Body"/>: the same without secrets. Null: the same.</summary>
    public object? Repeat { get; init; }

    /// <summary>200 with a body.</summary>
    public static Answer Ok(object body) => new(StatusCodes.Status200OK, body);

    /// <summary>201 with the thing made.</summary>
    public static Answer Created(string location, object body) => new(StatusCodes.Status201Created, body, location);

    /// <summary>200 or 201, as PUT answers.</summary>
    public static Answer Put(bool created, string location, object body) => created ? Created(location, body) : Ok(body);

    /// <summary>204.</summary>
    public static Answer Nothing() => new(StatusCodes.Status204NoContent, null);

    /// <summary>The answer as text.</summary>
    public StoredAnswer Sent() => new(Status, Location, Text(Body));

    /// <summary>The answer as repeats get it.</summary>
    public StoredAnswer Kept() => Repeat is null ? Sent() : new(Status, Location, Text(Repeat));

    /// <inheritdoc />
    public Task ExecuteAsync(HttpContext httpContext) => SendAsync(httpContext, Sent());

    /// <summary>Sends an answer that is text already.</summary>
    public static async Task SendAsync(HttpContext http, StoredAnswer answer)
    {
        ArgumentNullException.ThrowIfNull(http);
        ArgumentNullException.ThrowIfNull(answer);
        http.Response.StatusCode = answer.Status;
        http.Response.Headers.CacheControl = "no-store";
        if (answer.Location is not null) http.Response.Headers.Location = answer.Location;
        if (answer.Body.Length == 0) return;
        http.Response.ContentType = "application/json; charset=utf-8";
        await http.Response.WriteAsync(answer.Body, http.RequestAborted);
    }

    private static string Text(object? body) => body is null ? "" : JsonSerializer.Serialize(body, body.GetType(), ApiJson.Options);
}

/// <summary>An answer that is text already.</summary>
/// <param name="Answer">What is sent.</param>
/// <param name="Repeated">True when it is the answer to an earlier twin.</param>
public sealed record Reply(StoredAnswer Answer, bool Repeated) : IResult
{
    /// <inheritdoc />
    public Task ExecuteAsync(HttpContext httpContext)
    {
        ArgumentNullException.ThrowIfNull(httpContext);
        if (Repeated) httpContext.Response.Headers["Idempotent-Replayed"] = "true";
        return Http.Answer.SendAsync(httpContext, Answer);
    }
}

/// <summary>Results of commands as answers.</summary>
public static class Answers
{
    /// <summary>200 with the value, or the problem.</summary>
    public static IResult ToAnswer<T>(this Result<T> result) => result.ToAnswer(value => Answer.Ok(value!));

    /// <summary>An answer made of the value, or the problem.</summary>
    public static IResult ToAnswer<T>(this Result<T> result, Func<T, Answer> answer) =>
        result.Match<IResult>(answer, problem => new ProblemAnswer(problem));
}
