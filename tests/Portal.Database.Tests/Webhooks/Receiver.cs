using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Portal.Domain.Webhooks;

namespace Portal.Database.Tests.Webhooks;

/// <summary>A message as it arrived.</summary>
internal sealed record Received(string Path, string Id, long Timestamp, IReadOnlyList<string> Signatures, string Body)
{
    public JsonElement Json => JsonElement.Parse(Body);

    public string Type => Json.GetProperty("type").GetString()!;

    /// <summary>Signed by that secret, as text.</summary>
    public bool IsSignedBy(string secret) => Signatures.Contains(WebhookSecret.Sign(Convert.FromBase64String(secret["whsec_".Length..]), Id, Timestamp, Body), StringComparer.Ordinal);
}

/// <summary>Somebody's server on loopback that takes webhooks, and fails as it is told.</summary>
internal sealed class Receiver : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly ConcurrentQueue<Received> received = new();

    private Receiver()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        app = builder.Build();
        app.Run(HandleAsync);
    }

    public static async Task<Receiver> StartAsync()
    {
        var receiver = new Receiver();
        await receiver.app.StartAsync();
        return receiver;
    }

    /// <summary>Its address; each path may behave as it likes.</summary>
    public string At(string path) => app.Urls.Single() + path;

    /// <summary>What it answers on a path; else 204.</summary>
    public ConcurrentDictionary<string, int> Answers { get; } = new(StringComparer.Ordinal);

    /// <summary>When it wants to be asked again, on a path.</summary>
    public ConcurrentDictionary<string, string> RetryAfter { get; } = new(StringComparer.Ordinal);

    /// <summary>Paths on which no answer ever comes.</summary>
    public ConcurrentDictionary<string, bool> Silent { get; } = new(StringComparer.Ordinal);

    public IReadOnlyList<Received> All => [.. received];

    public IReadOnlyList<Received> On(string path) => [.. received.Where(message => message.Path == path)];

    public async ValueTask DisposeAsync()
    {
        await app.StopAsync(new CancellationToken(canceled: true));
        await app.DisposeAsync();
    }

    private async Task HandleAsync(HttpContext http)
    {
        using var reader = new StreamReader(http.Request.Body, Encoding.UTF8);
        var path = http.Request.Path.Value!;
        var headers = http.Request.Headers;
        received.Enqueue(new Received(
            path, headers["webhook-id"].ToString(), long.TryParse(headers["webhook-timestamp"], System.Globalization.CultureInfo.InvariantCulture, out var at) ? at : 0, headers["webhook-signature"].ToString().Split(' '), await reader.ReadToEndAsync()));
        if (Silent.ContainsKey(path)) await Task.Delay(Timeout.Infinite, http.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        http.Response.StatusCode = Answers.GetValueOrDefault(path, 204);
        if (http.Response.StatusCode is >= 300 and < 400) http.Response.Headers.Location = At("/elsewhere");
        if (RetryAfter.TryGetValue(path, out var later)) http.Response.Headers.RetryAfter = later;
        if (http.Response.StatusCode is >= 400) await http.Response.WriteAsync("out of order");
    }
}
