namespace Portal.Domain.Metering.Intake;

/// <summary>How usage is gathered into transactions; section <c>Intake</c> of the settings.</summary>
public sealed class IntakeOptions
{
    /// <summary>Batchers, each with a connection of its own; tenants are spread over them. Default 2, 1 to 16.</summary>
    public int Batchers { get; set; } = 2;

    /// <summary>Events that one transaction takes at most, whole requests. Default 5,000.</summary>
    public int BatchEvents { get; set; } = 5_000;

    /// <summary>Events waiting in this process before requests are turned away with 429. Default 200,000.</summary>
    public int WaitingEvents { get; set; } = 200_000;

    /// <summary>Bytes of bodies held in this process, read or waiting, before requests are turned away with 429. Default 64 MiB, at least 1.</summary>
    public long WaitingBytes { get; set; } = 64 * 1024 * 1024;
}
