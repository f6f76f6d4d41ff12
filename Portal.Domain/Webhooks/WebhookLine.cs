using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Portal.Domain.Webhooks;

/// <summary>What came of one try.</summary>
/// <param name="Status">Of the answer; null: none came.</param>
/// <param name="Error">Why it does not count as taken; null when it does.</param>
/// <param name="Response">How the answer began.</param>
/// <param name="TookMs">Milliseconds.</param>
/// <param name="RetryAfter">When the receiver asks to be tried again.</param>
public sealed record WebhookOutcome(int? Status, string? Error, string Response, int TookMs, TimeSpan? RetryAfter)
{
    /// <summary>True when the receiver took it.</summary>
    public bool IsTaken => Error is null;

    /// <summary>True when the receiver wants nothing any more.</summary>
    public bool IsGone => Status == (int)HttpStatusCode.Gone;
}

/// <summary>The line to endpoints: no redirects, no proxy, no cookies, public addresses alone, and no answer is waited for longer than the timeout.</summary>
public sealed class WebhookLine : IDisposable
{
    private const int Excerpt = 1000;
    private readonly WebhookSettings settings;
    private readonly HttpClient client;

    /// <summary>A line as the settings have it.</summary>
    public WebhookLine(WebhookSettings settings)
    {
        this.settings = settings;
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseProxy = false,
            UseCookies = false,
            ConnectCallback = ConnectAsync,
            PooledConnectionLifetime = TimeSpan.FromMinutes(2), // names are resolved and looked at again
            MaxResponseHeadersLength = 16,
        };
        client = new HttpClient(handler, disposeHandler: true) { Timeout = Timeout.InfiniteTimeSpan };
        client.DefaultRequestHeaders.UserAgent.ParseAdd("Portal-Webhooks/1");
    }

    /// <summary>Sends a message once.</summary>
    /// <param name="url">The endpoint's.</param>
    /// <param name="id">The message's, the same at every try.</param>
    /// <param name="body">JSON.</param>
    /// <param name="secrets">Each signs.</param>
    /// <param name="cancellationToken">Stops it: nobody knows whether it arrived.</param>
    public async Task<WebhookOutcome> SendAsync(Uri url, string id, string body, IEnumerable<byte[]> secrets, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(settings.Timeout);
        try
        {
            using var request = Request(url, id, body, secrets);
            using var answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, timeout.Token);
            var text = await BeginningAsync(answer, timeout.Token);
            var after = answer.Headers.RetryAfter is { } retry ? retry.Delta ?? retry.Date - TimeProvider.System.GetUtcNow() : null;
            var status = (int)answer.StatusCode;
            return new WebhookOutcome(status, answer.IsSuccessStatusCode ? null : Refusal(status), text, (int)clock.ElapsedMilliseconds, after);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return Failed(string.Create(CultureInfo.InvariantCulture, $"No answer within {settings.Timeout.TotalSeconds:0.#} seconds."));
        }
        catch (Exception e) when (e is HttpRequestException or IOException or SocketException)
        {
            return Failed((e.InnerException as NotPublicException ?? e).Message);
        }

        WebhookOutcome Failed(string error) => new(null, error, "", (int)clock.ElapsedMilliseconds, null);
    }

    /// <inheritdoc />
    public void Dispose() => client.Dispose();

    private static string Refusal(int status) => status is >= 300 and < 400
        ? string.Create(CultureInfo.InvariantCulture, $"Answered {status}: redirects are not followed.")
        : string.Create(CultureInfo.InvariantCulture, $"Answered {status}.");

    private static HttpRequestMessage Request(Uri url, string id, string body, IEnumerable<byte[]> secrets)
    {
        var timestamp = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds(); // receivers compare it with their own clock
        var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.Add("webhook-id", id);
        request.Headers.Add("webhook-timestamp", timestamp.ToString(CultureInfo.InvariantCulture));
        request.Headers.Add("webhook-signature", string.Join(' ', secrets.Select(secret => WebhookSecret.Sign(secret, id, timestamp, body))));
        return request;
    }

    // Enough to see what is wrong; the rest is never read.
    private static async Task<string> BeginningAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        await using var stream = await answer.Content.ReadAsStreamAsync(cancellationToken);
        var buffer = new byte[Excerpt];
        var read = await stream.ReadAtLeastAsync(buffer, Excerpt, throwOnEndOfStream: false, cancellationToken);
        return Encoding.UTF8.GetString(buffer, 0, read).Replace("\0", "", StringComparison.Ordinal);
    }

    // The name is resolved here and the line goes to what was looked at: no second answer of a name server can lead elsewhere.
    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var found = await Dns.GetHostAddressesAsync(context.DnsEndPoint.Host, cancellationToken);
        var allowed = found.Where(address => WebhookAddress.MayReach(address, settings)).ToArray();
        if (allowed.Length == 0) throw new NotPublicException();
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(allowed, context.DnsEndPoint.Port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private sealed class NotPublicException() : IOException("The address is not on the public internet; nothing was sent.");
}
