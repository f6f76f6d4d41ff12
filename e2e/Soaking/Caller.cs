using System.Net;
using System.Text.Json;
using Portal.E2E.Running;

namespace Portal.E2E.Soaking;

/// <summary>Calls the API as a careful program does: the same request, with the same ids and key, until it is answered for good.</summary>
internal sealed class Caller(PlatformApi api, Outages outages, Book book, CancellationToken patience)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    /// <summary>The final answer; null when there was none until the patience ended, or <paramref name="tries"/> failed.</summary>
    /// <param name="method">How.</param>
    /// <param name="path">What.</param>
    /// <param name="body">Sent as JSON; null for none.</param>
    /// <param name="type">Media type of the body.</param>
    /// <param name="idempotencyKey">Null for none.</param>
    /// <param name="tries">How often at most.</param>
    public async Task<ApiAnswer?> AskAsync(
        HttpMethod method, string path, object? body = null, string type = "application/json", string? idempotencyKey = null, int tries = int.MaxValue)
    {
        var json = body is null ? null : JsonSerializer.Serialize(body);
        for (var i = 0; i < tries && !patience.IsCancellationRequested; i++)
        {
            if (await TryAsync(method, path, json, type, idempotencyKey) is { } answer) return answer;
            await PauseAsync();
        }

        return null;
    }

    /// <summary>Sends a request and hangs up a moment later, without having heard the answer.</summary>
    public async Task HangUpAsync(string path, object body, string type, TimeSpan after)
    {
        using var moment = new CancellationTokenSource(after);
        try
        {
            await api.AskAsync(HttpMethod.Post, path, JsonSerializer.Serialize(body), type, hangUp: moment.Token);
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
        {
            // As meant, or the portal is away.
        }
    }

    /// <summary>The answer if it is final; failures are counted, as faults where the portal was up all the while.</summary>
    private async Task<ApiAnswer?> TryAsync(HttpMethod method, string path, string? json, string type, string? idempotencyKey)
    {
        var begun = outages.Era;
        try
        {
            var answer = await api.AskAsync(method, path, json, type, idempotencyKey);
            if (answer.Succeeded && path == "v1/events") outages.Acknowledged(begun);
            if (answer.Code == "in_progress" || answer.Status == HttpStatusCode.TooManyRequests) return null;
            if ((int)answer.Status < 500) return answer;
            Failed(begun, $"{method} {path}: {(int)answer.Status} {answer.Text}");
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
        {
            Failed(begun, $"{method} {path}: {e.Message} {e.InnerException?.Message}");
        }

        return null;
    }

    /// <summary>Takes note of a request that failed.</summary>
    public void Failed(int begun, string what)
    {
        if (!outages.WasUp(begun))
        {
            book.Counts.FailedWhileDown.Add();
            return;
        }

        book.Counts.FailedWhileUp.Add();
        book.Fault(what);
    }

    private async Task PauseAsync()
    {
        try
        {
            await Task.Delay(Pause, patience);
        }
        catch (OperationCanceledException)
        {
            // Whoever waits sees it.
        }
    }
}
