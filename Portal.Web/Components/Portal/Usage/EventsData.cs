using System.Globalization;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Metering;
using Portal.Domain.Tenants;
using Portal.Web.Access;
using Portal.Web.Components.Shared;

namespace Portal.Web.Components.TenantPages;

/// <summary>The events that a page's address asks for, as the person may see them.</summary>
internal static class EventsData
{
    /// <summary>How the address says "without one", where it cannot say nothing.</summary>
    public const string None = "(none)";

    /// <summary>Dimensions of usage that events can be found by too.</summary>
    public static readonly IReadOnlyList<string> Filters = ["model", "product", "team", "pool", "consumer", "tier"];

    /// <summary>The filter: <c>from</c> and <c>to</c> are inclusive dates on the tenant's calendar, or instants, half-open.</summary>
    public static EventFilter Filter(TableQuery query, TimeZoneInfo zone)
    {
        string? Value(string name) => query[name] == None ? "" : query[name];
        DateTimeOffset? At(string name, int days) =>
            Domain.Kernel.Instants.ReadDay(query[name]) is { Year: > 2000 and < 2200 } date ? zone.DayStart(date.AddDays(days))
            : query[name] is { } text && Domain.Kernel.InstantText.TryParse(text, out var instant) ? instant : null;
        return new EventFilter(query["type"], EventList.Statuses.Contains(query["status"] ?? "", StringComparer.Ordinal) ? query["status"] : null, At("from", 0), At("to", 1))
        {
            Model = Value("model"),
            Product = Value("product"),
            Team = Value("team"),
            Pool = query["pool"],
            Consumer = Value("consumer"),
            Tier = Value("tier"),
        };
    }

    /// <summary>A page of them; those of other people only for the role billing.</summary>
    public static async Task<List<ListedEvent>> ReadAsync(TenantRead read, CurrentTenant tenant, TableQuery query, int limit, CancellationToken cancellationToken)
    {
        var own = tenant.May(MemberRole.Billing) ? null : await OwnUsage.OfAsync(read, tenant.MemberId, cancellationToken);
        _ = EventList.TryReadPlace(query.After ?? "", out var after);
        return await EventList.ReadAsync(
            read.Connection, read.TenantId, Filter(query, read.Zone) with { Consumers = own?.Consumers }, after, limit, page: true, cancellationToken);
    }
}
