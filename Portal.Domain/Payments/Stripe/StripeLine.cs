using System.Net;
using Stripe;

namespace Portal.Domain.Payments.Stripe;

/// <summary>The line to Stripe's API. What is said in answer is a value; what leaves the outcome open is thrown as silence.</summary>
internal sealed class StripeLine : IDisposable
{
    private readonly HttpClient http;

    public StripeLine(StripeSettings settings)
    {
        http = ProviderLine.Open(settings.Timeout);
        // No retries of its own: an attempt is asked about before it is sent again.
        Client = new StripeClient(
            settings.SecretKey, httpClient: new SystemNetHttpClient(http, maxNetworkRetries: 0, appInfo: null, enableTelemetry: false),
            apiBase: settings.ApiBase.AbsoluteUri.TrimEnd('/'));
    }

    public IStripeClient Client { get; }

    /// <summary>The answer; or, for what Stripe refused and therefore did not do, what the error makes of it.</summary>
    public static async Task<T> AskAsync<T>(Func<Task<T>> ask, Func<StripeException, T> refused, CancellationToken cancellationToken)
    {
        try
        {
            return await ask();
        }
        catch (StripeException exception) when (IsRefusal(exception))
        {
            return refused(exception);
        }
        catch (StripeException exception)
        {
            throw Silence(exception);
        }
        catch (HttpRequestException exception)
        {
            throw new ProviderSilenceException($"Stripe could not be reached: {exception.HttpRequestError}.", exception);
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw new ProviderSilenceException("Stripe did not answer in time.", exception);
        }
    }

    /// <summary>The answer; every refusal is thrown as silence, for questions that a provider has to be able to answer.</summary>
    public static Task<T> AskAsync<T>(Func<Task<T>> ask, CancellationToken cancellationToken) =>
        AskAsync(ask, exception => throw Silence(exception), cancellationToken);

    public void Dispose() => http.Dispose();

    // Without what Stripe wrote: it may quote what it was sent.
    private static ProviderSilenceException Silence(StripeException exception) =>
        new($"Stripe answered {(int)exception.HttpStatusCode} {exception.StripeError?.Code ?? exception.StripeError?.Type}.");

    // A key that is wrong (401, 403) is mended and then tried again; 409 says that a twin is in flight; an idempotency error that the key
    // was used for something else.
    private static bool IsRefusal(StripeException exception) =>
        exception.HttpStatusCode is HttpStatusCode.BadRequest or HttpStatusCode.PaymentRequired or HttpStatusCode.NotFound
        && exception.StripeError is { } error && error.Type != "idempotency_error";
}
