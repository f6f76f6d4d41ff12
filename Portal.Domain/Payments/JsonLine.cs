using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Portal.Domain.Payments;

/// <summary>What a provider with a JSON API answered: done, or refused and therefore not done.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Body">The body; undefined when there was none.</param>
internal readonly record struct JsonAnswer(HttpStatusCode Status, JsonElement Body)
{
    public bool Succeeded => (int)Status is >= 200 and < 300;

    /// <summary>A member's text; null when it is not there or no text.</summary>
    public string? Text(string name) => Text(Body, name);

    public static string? Text(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    /// <summary>A member's whole number; 0 when it is not there.</summary>
    public static long Number(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) ? number : 0L;

    /// <summary>A member that is an object or a list; undefined when it is not there.</summary>
    public static JsonElement Member(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) ? value : default;

    /// <summary>The elements of a list; none when it is none.</summary>
    public static IEnumerable<JsonElement> Items(JsonElement element) => element.ValueKind == JsonValueKind.Array ? element.EnumerateArray() : [];
}

/// <summary>The line to a provider with a JSON API. What leaves the outcome open is thrown as silence.</summary>
/// <param name="name">What people call the provider.</param>
/// <param name="apiBase">Where its API is.</param>
/// <param name="timeout">How long an answer may take.</param>
/// <param name="authorize">Puts the key on a request.</param>
/// <param name="isRefusal">Says of an answer with 400, 404 or 422 whether nothing was done.</param>
internal sealed class JsonLine(string name, Uri apiBase, TimeSpan timeout, Action<HttpRequestHeaders> authorize, Func<HttpResponseHeaders, JsonElement, bool> isRefusal)
    : IDisposable
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web) { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };
    private readonly HttpClient http = ProviderLine.Open(timeout);
    private readonly Uri root = new(apiBase.AbsoluteUri.TrimEnd('/') + "/");

    public Task<JsonAnswer> GetAsync(string path, CancellationToken cancellationToken) => SendAsync(HttpMethod.Get, path, body: null, key: null, cancellationToken);

    public async Task<JsonAnswer> SendAsync(HttpMethod method, string path, object? body, (string Header, string Value)? key, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, new Uri(root, path));
        authorize(request.Headers);
        if (key is var (header, value)) request.Headers.Add(header, value);
        if (body is not null) request.Content = JsonContent.Create(body, body.GetType(), options: Options);
        try
        {
            using var response = await http.SendAsync(request, cancellationToken);
            var answer = await ReadAsync(response, cancellationToken);
            // A key that is wrong (401, 403) is mended and then tried again; 409, 429 and 5xx leave open what was done.
            return answer.Succeeded
                || (response.StatusCode is HttpStatusCode.BadRequest or HttpStatusCode.NotFound or HttpStatusCode.UnprocessableEntity && isRefusal(response.Headers, answer.Body))
                ? answer
                : throw new ProviderSilenceException($"{name} answered {(int)response.StatusCode}.");
        }
        catch (HttpRequestException exception)
        {
            throw new ProviderSilenceException($"{name} could not be reached: {exception.HttpRequestError}.", exception);
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw new ProviderSilenceException($"{name} did not answer in time.", exception);
        }
    }

    public void Dispose() => http.Dispose();

    private async Task<JsonAnswer> ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var bytes = await response.Content.ReadAsByteArrayAsync(cancellationToken);
        if (bytes.Length == 0) return new JsonAnswer(response.StatusCode, default);
        try
        {
            return new JsonAnswer(response.StatusCode, JsonElement.Parse(bytes));
        }
        catch (JsonException exception)
        {
            // Something between us and the provider has answered.
            throw new ProviderSilenceException($"{name} answered {(int)response.StatusCode} with a body that is not JSON.", exception);
        }
    }
}
