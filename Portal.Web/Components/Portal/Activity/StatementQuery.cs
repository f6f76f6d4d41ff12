using System.Globalization;
using Portal.Domain.Kernel;
using Portal.Domain.Ledger;
using Portal.Web.Components.Shared;

namespace Portal.Web.Components.TenantPages;

/// <summary>The statement's filter as the page's address says it: <c>kind</c>, and <c>from</c> and <c>to</c> as inclusive dates on the tenant's calendar.</summary>
internal static class StatementQuery
{
    public static StatementFilter Filter(TableQuery query, TimeZoneInfo zone)
    {
        DateTimeOffset? Day(string name, int days) =>
            Domain.Kernel.Instants.ReadDay(query[name]) is { Year: > 2000 and < 2200 } date
                ? zone.DayStart(date.AddDays(days))
                : null;
        return new StatementFilter(ActivityText.KindsOf(query["kind"]), query["pool"], Day("from", 0), Day("to", 1));
    }
}
