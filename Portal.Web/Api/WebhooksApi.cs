using Portal.Domain.Payments;
using Portal.Web.Api.Http;

namespace Portal.Web.Api;

/// <summary>Where payment providers tell what happened. No key: the signature says who it is.</summary>
public static class WebhooksApi
{
    /// <summary>Maps the endpoint.</summary>
    public static void Map(IEndpointRouteBuilder app)
    {
        ArgumentNullException.ThrowIfNull(app);
        app.MapPost("/webhooks/{provider}", ReceiveAsync).AllowAnonymous().DisableAntiforgery().ExcludeFromDescription();
    }

    // Verified over the bytes as they came, kept, answered; worked off afterwards.
    private static async Task<IResult> ReceiveAsync(string provider, HttpContext http, WebhookInbox inbox)
    {
        var body = await http.ReadBodyAsync(WebhookInbox.MaxBytes);
        if (body.Problem is { } tooLarge) return new ProblemAnswer(tooLarge);
        var received = await inbox.ReceiveAsync(
            provider, name => http.Request.Headers[name] is [{ } value] ? value : null, body.Value, http.RequestAborted);
        return received.Problem is { } problem ? new ProblemAnswer(problem) : Results.Text(received.Value);
    }
}
