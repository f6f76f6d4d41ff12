using System.Collections.Concurrent;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Portal.Database.Tests.Payments.Providers;

/// <summary>What goes wrong with a request.</summary>
internal enum Trouble
{
    /// <summary>The line breaks before anything was done.</summary>
    HangsUp,

    /// <summary>The line breaks after it was done: the answer is lost.</summary>
    AnswerIsLost,

    /// <summary>It is done, and no answer ever comes.</summary>
    NeverAnswers,

    /// <summary>Refused for coming too often; not done.</summary>
    TooMany,

    /// <summary>The provider is out of order; not done.</summary>
    Down,
}

/// <summary>A request as it came.</summary>
internal sealed record StubCall(string Method, string Path, IQueryCollection Query, IReadOnlyDictionary<string, string> Headers, string Body)
{
    public string? Header(string name) => Headers.GetValueOrDefault(name);

    public JsonObject Json => JsonNode.Parse(Body)!.AsObject();
}

/// <summary>An answer to be sent.</summary>
internal sealed record StubAnswer(int Status, JsonNode? Body = null, params (string Name, string Value)[] Headers);

/// <summary>A provider's API on loopback: speaks its documented wire format, keeps books in memory, records what it was sent, fails on demand.</summary>
internal abstract class StubServer : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly ConcurrentQueue<(Trouble Trouble, string Path)> troubles = new();
    private readonly ConcurrentQueue<StubCall> calls = new();
    private readonly Lock books = new();

    protected StubServer()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        app = builder.Build();
        app.Run(HandleAsync);
    }

    public Uri Address => new(app.Urls.Single());

    public IReadOnlyCollection<StubCall> Calls => calls;

    /// <summary>Calls that change something, on paths that end so.</summary>
    public int Posts(string path) => calls.Count(call => call.Method == "POST" && call.Path.EndsWith(path, StringComparison.Ordinal));

    /// <summary>The next request that changes something goes wrong.</summary>
    public void Next(Trouble trouble, string path = "") => troubles.Enqueue((trouble, path));

    public Task StartAsync() => app.StartAsync();

    public async ValueTask DisposeAsync()
    {
        await app.StopAsync(new CancellationToken(canceled: true));
        await app.DisposeAsync();
    }

    /// <summary>Does what is asked; one at a time.</summary>
    protected abstract StubAnswer Answer(StubCall call);

    /// <summary>An error in the provider's words.</summary>
    protected abstract StubAnswer Error(int status, string code);

    /// <summary>Does something to the books outside of a request.</summary>
    protected T Keep<T>(Func<T> change)
    {
        lock (books) return change();
    }

    protected static string NewId(string prefix) => prefix + Guid.NewGuid().ToString("N")[..24];

    private async Task HandleAsync(HttpContext http)
    {
        using var reader = new StreamReader(http.Request.Body, Encoding.UTF8);
        var call = new StubCall(http.Request.Method, http.Request.Path.Value!, http.Request.Query,
            http.Request.Headers.ToDictionary(header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase), await reader.ReadToEndAsync());
        calls.Enqueue(call);
        var trouble = call.Method == "GET" || !troubles.TryPeek(out var next) || !call.Path.Contains(next.Path, StringComparison.Ordinal) || !troubles.TryDequeue(out next)
            ? (Trouble?)null
            : next.Trouble;
        if (trouble == Trouble.HangsUp)
        {
            http.Abort();
            return;
        }

        var answer = trouble switch
        {
            Trouble.TooMany => Error(429, "rate_limit"),
            Trouble.Down => Error(503, "api_error"),
            _ => Keep(() => Answer(call)),
        };
        if (trouble == Trouble.NeverAnswers) await Task.Delay(Timeout.Infinite, http.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        if (trouble is Trouble.AnswerIsLost or Trouble.NeverAnswers)
        {
            http.Abort();
            return;
        }

        http.Response.StatusCode = answer.Status;
        foreach (var (name, value) in answer.Headers) http.Response.Headers[name] = value;
        if (answer.Body is null) return;
        http.Response.ContentType = "application/json";
        await http.Response.WriteAsync(answer.Body.ToJsonString());
    }
}
