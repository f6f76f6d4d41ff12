namespace Portal.Domain.Payments;

/// <summary>A provider did not answer, or not so that anybody could tell what it did: what was asked for has an unknown outcome.</summary>
public sealed class ProviderSilenceException : TimeoutException
{
    /// <summary>Without words.</summary>
    public ProviderSilenceException()
    {
    }

    /// <summary>What happened, without anything secret.</summary>
    public ProviderSilenceException(string message) : base(message)
    {
    }

    /// <summary>What happened, and what made it known.</summary>
    public ProviderSilenceException(string message, Exception? innerException) : base(message, innerException)
    {
    }
}
