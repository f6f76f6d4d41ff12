using Portal.Domain.Metering.Rerating;

namespace Portal.Web.Components.ConsolePages.Pricing;

/// <summary>A period of usage and whose, as they are typed: whole days in UTC, the last one included.</summary>
public sealed class PeriodForm
{
    /// <summary>The first day.</summary>
    public DateOnly From { get; set; }

    /// <summary>The last day.</summary>
    public DateOnly Through { get; set; }

    /// <summary>Keys of tenants, by commas or spaces; empty for all.</summary>
    public string Tenants { get; set; } = "";

    /// <summary>The period as it is asked for.</summary>
    public ReratePeriod Period => new(
        new DateTimeOffset(From.ToDateTime(TimeOnly.MinValue), TimeSpan.Zero), new DateTimeOffset(Through.AddDays(1).ToDateTime(TimeOnly.MinValue), TimeSpan.Zero),
        Tenants.Split([',', ' ', '\n'], StringSplitOptions.RemoveEmptyEntries) is { Length: > 0 } keys ? keys : null);

    /// <summary>The last days up to today.</summary>
    public static PeriodForm LastDays(TimeProvider clock, int days)
    {
        ArgumentNullException.ThrowIfNull(clock);
        var today = DateOnly.FromDateTime(clock.GetUtcNow().UtcDateTime);
        return new PeriodForm { From = today.AddDays(1 - days), Through = today };
    }
}
