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
        : this(address, key, output, TimeSpan.FromMinutes(1))
    {
    }

    private PlatformApi(Uri address, string key, Func<string> output, TimeSpan patience)
    {
        this.output = output;
        Key = key;
        client = new HttpClient { BaseAddress = address, Timeout = patience };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
    }

    public string Key { get; }

    /// <summary>The same API with connections of its own, and another patience with each answer.</summary>
    public PlatformApi With(TimeSpan patience) => new(client.BaseAddress!, Key, output, patience);

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
        var answer = await AskAsync(HttpMethod.Post, "v1/events", JsonSerializer.Serialize(events.Select(e => e.ToCloudEvent())), "application/cloudevents-batch+json");
        return answer.Status is HttpStatusCode.OK or HttpStatusCode.MultiStatus ? answer.Events() : throw Refused("POST v1/events", answer.Status, answer.Text);
    }

    /// <summary>Asks, and gives back whatever the answer is.</summary>
    /// <param name="method">How.</param>
    /// <param name="path">What, below the portal's address.</param>
    /// <param name="body">JSON; null for none.</param>
    /// <param name="type">Media type of the body.</param>
    /// <param name="idempotencyKey">Key under which it may be repeated; null for none.</param>
    /// <param name="hangUp">Leaves without waiting for the answer.</param>
    public async Task<ApiAnswer> AskAsync(
        HttpMethod method, string path, string? body = null, string type = "application/json", string? idempotencyKey = null, CancellationToken hangUp = default)
    {
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative));
        if (body is not null) request.Content = new StringContent(body, Encoding.UTF8, type);
        if (idempotencyKey is not null) request.Headers.Add("Idempotency-Key", idempotencyKey);
        using var response = await client.SendAsync(request, hangUp);
        return new ApiAnswer(response.StatusCode, await response.Content.ReadAsStringAsync(hangUp));
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
        var answer = await AskAsync(method, path, json);
        return answer.Succeeded ? answer.Json : throw Refused($"{method} {path}", answer.Status, answer.Text);
    }

    private HttpRequestException Refused(string what, HttpStatusCode status, string text) =>
        new($"{what}: {(int)status} {text}{(status < HttpStatusCode.InternalServerError ? "" : "\n" + output())}", null, status);
}

/// <summary>What the API said of one event.</summary>
public sealed record EventAnswer(string Id, string Status, decimal Credits, string Whole);

/// <summary>What the API answered.</summary>
public sealed record ApiAnswer(HttpStatusCode Status, string Text)
{
    public bool Succeeded => (int)Status is >= 200 and < 300;

    public JsonNode Json => JsonNode.Parse(Text)!;

    /// <summary>The code of a problem; null of anything else.</summary>
    public string? Code => !Succeeded && Text.StartsWith('{') ? Json["code"]?.GetValue<string>() : null;

    /// <summary>Each event's answer, in order.</summary>
    public IReadOnlyList<EventAnswer> Events() => [.. Json["results"]!.AsArray().Select(result => new EventAnswer(
        result!["id"]!.GetValue<string>(), result["status"]!.GetValue<string>(), Figure.Of(result["credits"]), Text))];
}
