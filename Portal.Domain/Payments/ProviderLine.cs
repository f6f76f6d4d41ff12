namespace Portal.Domain.Payments;

/// <summary>The line to a provider: one pool of connections each, that looks its name up again every few minutes.</summary>
internal static class ProviderLine
{
    public static HttpClient Open(TimeSpan timeout) => new(
        new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromMinutes(5), ConnectTimeout = timeout, AllowAutoRedirect = false }, disposeHandler: true)
    {
        Timeout = timeout,
        MaxResponseContentBufferSize = 4 * 1024 * 1024,
    };
}
