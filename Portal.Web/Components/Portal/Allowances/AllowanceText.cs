using Portal.Domain.Tenants;
using Portal.Domain.Wallet;

namespace Portal.Web.Components.TenantPages;

/// <summary>What people read for allowances.</summary>
public static class AllowanceText
{
    /// <summary>Periods and their texts.</summary>
    public static readonly IReadOnlyList<(string Key, string Text)> Periods =
    [
        (AllowancePeriod.Day, "a day"), (AllowancePeriod.Week, "a week"), (AllowancePeriod.Month, "a month"), (AllowancePeriod.Quarter, "a quarter"),
        (AllowancePeriod.Lifetime, "in all"),
    ];

    /// <summary>How often.</summary>
    public static string Period(string period) => Periods.FirstOrDefault(p => p.Key == period).Text ?? period;

    /// <summary>How near the limit it is: <c>over</c>, <c>near</c> from nine tenths on, or nothing.</summary>
    public static string Tone(AllowanceStanding allowance)
    {
        ArgumentNullException.ThrowIfNull(allowance);
        var taken = allowance.Used + allowance.Held;
        if (taken >= allowance.Limit) return "over";
        return taken >= allowance.Limit * 0.9m ? "near" : "";
    }
}
