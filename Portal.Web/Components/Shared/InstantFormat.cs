namespace Portal.Web.Components.Shared;

/// <summary>How much of an instant <see cref="InstantText"/> shows.</summary>
public enum InstantFormat
{
    /// <summary>Date and time to the minute.</summary>
    DateTime,

    /// <summary>The date alone.</summary>
    Date,

    /// <summary>The time to the minute.</summary>
    Time,

    /// <summary>Date and time to the second.</summary>
    Seconds,
}
