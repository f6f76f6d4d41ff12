using System.Buffers;
using System.Reflection;
using System.Text.Json;
using Microsoft.AspNetCore.Http.Metadata;
using Portal.Domain.Kernel;

namespace Portal.Web.Api.Http;

/// <summary>The body of a request as it came, for a digest of it or a parser of its own.</summary>
public static class RawBody
{
    /// <summary>Largest body of ordinary calls: 1 MiB.</summary>
    public const int OrdinaryLimit = 1024 * 1024;

    private static readonly object Key = new();

    /// <summary>Reads the body once; asked again it answers the same. <c>body_too_large</c> above the limit.</summary>
    public static async ValueTask<Result<ReadOnlyMemory<byte>>> ReadBodyAsync(this HttpContext http, int limit = OrdinaryLimit)
    {
        ArgumentNullException.ThrowIfNull(http);
        if (http.Items[Key] is ReadOnlyMemory<byte> known) return known;
        if (http.Request.ContentLength > limit) return TooLarge(limit);
        var body = new ArrayBufferWriter<byte>((int)(http.Request.ContentLength ?? 1024) + 1);
        int read;
        while ((read = await http.Request.Body.ReadAsync(body.GetMemory(), http.RequestAborted)) > 0)
        {
            body.Advance(read);
            if (body.WrittenCount > limit) return TooLarge(limit);
        }

        http.Items[Key] = body.WrittenMemory;
        return body.WrittenMemory;
    }

    private static Problem TooLarge(int limit) =>
        new(ProblemKind.Invalid, ApiProblems.BodyTooLarge, $"The body is larger than {limit / 1024} KiB.");
}

/// <summary>What an endpoint takes that may turn out not to be what it should.</summary>
public interface IChecked
{
    /// <summary>What is wrong with it, or null.</summary>
    Problem? Problem { get; }
}

/// <summary>
/// A JSON body mapped to <typeparamref name="T"/>. When it cannot be, <see cref="Problem"/> says why and the endpoint is not run
/// (<see cref="ApiProblems.RefuseUnchecked"/>).
/// </summary>
public sealed class Body<T> : IChecked, IEndpointParameterMetadataProvider
    where T : class
{
    private readonly T? value;

    private Body(T? value, Problem? problem)
    {
        this.value = value;
        Problem = problem;
    }

    /// <inheritdoc />
    public Problem? Problem { get; }

    /// <summary>The body.</summary>
    public T Value => value ?? throw new InvalidOperationException("The body was refused.");

    /// <summary>Reads and checks the body of a request.</summary>
    public static async ValueTask<Body<T>> BindAsync(HttpContext context, ParameterInfo parameter)
    {
        ArgumentNullException.ThrowIfNull(context);
        var read = await context.ReadBodyAsync();
        return read.Problem is { } problem ? new(null, problem) : Map(read.Value);
    }

    /// <inheritdoc />
    public static void PopulateMetadata(ParameterInfo parameter, EndpointBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Metadata.Add(new AcceptsMetadata(["application/json"], typeof(T)));
    }

    internal static Body<T> Map(ReadOnlyMemory<byte> json)
    {
        try
        {
            using var document = JsonDocument.Parse(json, ApiJson.Strict);
            if (JsonShape.Check(document.RootElement, ApiJson.Options.GetTypeInfo(typeof(T))) is { } problem) return new(null, problem);
            return new(document.Deserialize<T>(ApiJson.Options), null);
        }
        catch (FieldFormatException e)
        {
            return new(null, Domain.Kernel.Problem.Field(FieldOf(e), e.Code, e.Message));
        }
        catch (JsonException e) when (FieldOf(e) is { Length: > 0 } field && e.Message.Contains("could not be converted", StringComparison.Ordinal))
        {
            return new(null, Domain.Kernel.Problem.Field(field, "invalid_field", "The value has another type than it should."));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException or FormatException)
        {
            var where = e is JsonException { LineNumber: { } line } j ? $" (line {line + 1}, byte {j.BytePositionInLine + 1})" : "";
            return new(null, new Problem(ProblemKind.Invalid, "malformed_json", $"The body is not valid JSON{where}."));
        }
    }

    private static string FieldOf(JsonException exception) =>
        exception.Path is { } path && path.StartsWith("$.", StringComparison.Ordinal) ? path[2..] : exception.Path is "$" or null ? "" : exception.Path;
}
