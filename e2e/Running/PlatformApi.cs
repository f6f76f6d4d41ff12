using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Portal.E2E.Running;

/// <summary>The platform's backend: what it asks of the HTTP API.</summary>
public sealed class PlatformApi : IDisposable
{
    private readonly HttpClient client;
    private readonly Func<string> output;

    /// <summary>The API at an address; <paramref name="output"/> is what the portal said so far, for failures that are its own.</summary>
    public PlatformApi(Uri address, string key, Func<string> output)
    {
        this.output = output;
        Key = key;
        client = new HttpClient { BaseAddress = address, Timeout = TimeSpan.FromMinutes(1) };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
    }

    public string Key { get; }

    public async Task<bool> IsReadyAsync()
    {
        try
        {
            using var response = await client.GetAsync(new Uri("health/ready", UriKind.Relative));
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    public Task<JsonNode> GetAsync(string path) => SendAsync(HttpMethod.Get, path, null);

    public Task<JsonNode> PostAsync(string path, object body) => SendAsync(HttpMethod.Post, path, JsonSerializer.Serialize(body));

    public Task<JsonNode> PutAsync(string path, object body) => SendAsync(HttpMethod.Put, path, JsonSerializer.Serialize(body));

    /// <summary>Gives a tenant credits that cost what they are worth: a cent each.</summary>
    public Task GrantAsync(string tenant, decimal credits) => PostAsync(
        $"v1/tenants/{tenant}/grants",
        new { credits = Figure.Text(credits), source = "purchase", value = Figure.Text(credits / 100m), currency = "USD" });

    /// <summary>Sends usage; each event's answer, in order.</summary>
    public async Task<IReadOnlyList<EventAnswer>> SendAsync(IEnumerable<UsageEvent> events)
    {
        using var content = new StringContent(JsonSerializer.Serialize(events.Select(e => e.ToCloudEvent())), Encoding.UTF8);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/cloudevents-batch+json");
        using var response = await client.PostAsync(new Uri("v1/events", UriKind.Relative), content);
        var text = await response.Content.ReadAsStringAsync();
        if (response.StatusCode is not (HttpStatusCode.OK or HttpStatusCode.MultiStatus)) throw Refused("POST v1/events", response.StatusCode, text);
        return [.. JsonNode.Parse(text)!["results"]!.AsArray().Select(result => new EventAnswer(
            result!["id"]!.GetValue<string>(), result["status"]!.GetValue<string>(), Figure.Of(result["credits"]), text))];
    }

    /// <summary>Runs the reconciliation now.</summary>
    public async Task BooksShouldBalanceAsync()
    {
        var report = await SendAsync(HttpMethod.Post, "v1/reconciliation", null);
        report["ok"]!.GetValue<bool>().ShouldBeTrue(report.ToJsonString());
        report["checks"]!.AsArray().Count.ShouldBeGreaterThan(5);
    }

    public async Task<decimal> BalanceAsync(string tenant) => Figure.Of((await GetAsync($"v1/tenants/{tenant}/balance"))["total"]!["balance"]);

    public void Dispose() => client.Dispose();

    private async Task<JsonNode> SendAsync(HttpMethod method, string path, string? json)
    {
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative));
        if (json is not null) request.Content = new StringContent(json, Encoding.UTF8, "application/json");
        using var response = await client.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        return response.IsSuccessStatusCode ? JsonNode.Parse(text)! : throw Refused($"{method} {path}", response.StatusCode, text);
    }

    private HttpRequestException Refused(string what, HttpStatusCode status, string text) =>
        new($"{what}: {(int)status} {text}{(status < HttpStatusCode.InternalServerError ? "" : "\n" + output())}", null, status);
}

/// <summary>What the API said of one event.</summary>
public sealed record EventAnswer(string Id, string Status, decimal Credits, string Whole);
