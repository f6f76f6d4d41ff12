using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Metering;
using Portal.Domain.Wallet;
using Portal.Web.Components.Shared;

namespace Portal.Web.Components.TenantPages;

/// <summary>The burn-down of the Overview: thirty days back, and ahead until credits run out, between one and six weeks.</summary>
internal static class OverviewChart
{
    private const int LeastAhead = 7, MostAhead = 42;

    public static Shared.Burndown Of(BurndownReport burndown, UsageReport usage, OverviewBalance balance, TenantRead read)
    {
        var used = usage.Rows.ToLookup(row => row.At!.Value);
        var points = burndown.Items.Select(step => new BurndownPoint(
            step.At, step.Granted, used[step.At].ToDictionary(row => row.Keys[1] ?? "", row => row.Figures.Credits, StringComparer.Ordinal), step.Expired, step.Closing)).ToArray();
        if (Array.TrueForAll(points, point => point is { Granted: 0m, Expired: 0m, Closing: 0m, Used.Count: 0 })) return Shared.Burndown.None;
        var projection = Ahead(balance, read);
        var end = projection.Count == 0 ? read.Now : projection[^1].At.AddDays(1);
        return new Shared.Burndown(points, projection, Markers(points, balance, read.Now, end));
    }

    private static List<BurndownProjection> Ahead(OverviewBalance balance, TenantRead read)
    {
        if (balance.Rate is not { } rate || balance.Total.Balance <= 0m) return [];
        var runsOut = Projection.RunsOutAt(balance.Grants, balance.Total.Overdraft, read.Now, rate.Low > 0m ? rate.Low : rate.Likely);
        var days = runsOut is null ? MostAhead : Math.Clamp((int)(runsOut.Value - read.Now).TotalDays + 2, LeastAhead, MostAhead);
        var today = read.Zone.DateIn(read.Now);
        var begins = Enumerable.Range(1, days + 1).Select(day => read.Zone.DayStart(today.AddDays(day))).ToArray();
        var ends = begins[1..];
        IReadOnlyList<decimal> At(decimal perDay) => Projection.BalancesAt(balance.Grants, balance.Total.Overdraft, read.Now, perDay, ends);
        var (low, likely, high) = (At(rate.High), At(rate.Likely), At(rate.Low));
        return [.. ends.Select((_, i) => new BurndownProjection(begins[i], low[i], likely[i], high[i]))];
    }

    // Grants of the past as the steps have them; expiries and grants to come from the grants themselves.
    private static BurndownMarker[] Markers(BurndownPoint[] points, OverviewBalance balance, DateTimeOffset now, DateTimeOffset end) =>
    [
        .. points.Where(point => point.Granted > 0m).Select(point => new BurndownMarker(point.At, BurndownMarkerKind.Grant, point.Granted, "Granted")),
        .. points.Where(point => point.Expired > 0m).Select(point => new BurndownMarker(point.At, BurndownMarkerKind.Expiry, point.Expired, "Expired")),
        .. balance.Grants.Where(grant => grant.EffectiveAt > now && grant.EffectiveAt < end)
            .Select(grant => new BurndownMarker(grant.EffectiveAt, BurndownMarkerKind.Grant, grant.Remaining, grant.Reason ?? "Takes effect")),
        .. balance.Grants.Where(grant => grant.IsLive(now) && grant.ExpiresAt < end).GroupBy(grant => grant.ExpiresAt!.Value)
            .Select(expiring => new BurndownMarker(expiring.Key, BurndownMarkerKind.Expiry, expiring.Sum(grant => grant.Remaining), "Expires")),
    ];
}
