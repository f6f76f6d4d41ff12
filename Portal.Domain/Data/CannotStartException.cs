namespace Portal.Domain.Data;

/// <summary>The machine or the settings do not allow the portal to start. The message, for whoever started it, says why and what to do.</summary>
public class CannotStartException : Exception
{
    /// <summary>Says nothing.</summary>
    public CannotStartException()
    {
    }

    /// <summary>Says why and what to do.</summary>
    public CannotStartException(string message)
        : base(message)
    {
    }

    /// <summary>Says why and what to do, and what it came from.</summary>
    public CannotStartException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
