using Microsoft.Extensions.Configuration;

namespace Portal.Domain.Webhooks;

/// <summary>How webhooks leave.</summary>
/// <param name="Loopback">True where this machine may be an endpoint, without TLS too: development and sandbox.</param>
public sealed record WebhookSettings(bool Loopback)
{
    /// <summary>How long an endpoint may take to answer. Default 15 seconds.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long one run stays with one endpoint before it leaves the rest to the next. Default 20 seconds.</summary>
    public TimeSpan Turn { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Loopback where the sandbox is on (<c>Portal:Sandbox</c>; default in development).</summary>
    public static WebhookSettings Read(IConfiguration configuration, bool isDevelopment)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        return new(configuration.GetValue("Portal:Sandbox", isDevelopment));
    }
}
