using System.Net.Http.Json;
using System.Text.Json;

namespace Portal.Domain.Taxes;

/// <summary>
/// The European Commission's VIES: <c>GET {base}/ms/{prefix}/vat/{number}</c>. It asks the member state's own register, which is often away; only
/// <c>VALID</c> and <c>INVALID</c> are answers, everything else (<c>MS_UNAVAILABLE</c>, <c>TIMEOUT</c>, <c>MS_MAX_CONCURRENT_REQ</c> and the
/// like) means to ask again later.
/// </summary>
/// <param name="http">With its base address set, ending in a slash.</param>
public sealed class ViesVatCheck(HttpClient http) : IVatCheck
{
    /// <summary>Where VIES is.</summary>
    public const string Address = "https://ec.europa.eu/taxation_customs/vies/rest-api/";

    private const int LongestAnswer = 4_000;

    /// <inheritdoc />
    public async Task<VatAnswer?> AskAsync(string vatId, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(vatId);
        try
        {
            using var answer = await http.GetAsync(new Uri($"ms/{vatId[..2]}/vat/{Uri.EscapeDataString(vatId[2..])}", UriKind.Relative), cancellationToken);
            if (!answer.IsSuccessStatusCode) return null;
            var body = await answer.Content.ReadFromJsonAsync<JsonElement>(cancellationToken);
            return body.ValueKind == JsonValueKind.Object && Read(body) is { } valid ? new VatAnswer(valid, Text(body)) : null;
        }
        catch (Exception exception) when (exception is HttpRequestException or JsonException || (exception is TaskCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return null;
        }
    }

    private static bool? Read(JsonElement body)
    {
        var error = body.TryGetProperty("userError", out var said) && said.ValueKind == JsonValueKind.String ? said.GetString() : null;
        if (error is not (null or "VALID" or "INVALID")) return null;
        return body.TryGetProperty("isValid", out var valid) && valid.ValueKind is JsonValueKind.True or JsonValueKind.False ? valid.GetBoolean() : null;
    }

    private static string Text(JsonElement body)
    {
        var text = body.GetRawText();
        return text.Length <= LongestAnswer ? text : text[..LongestAnswer];
    }
}
