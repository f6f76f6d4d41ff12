using Npgsql;
using Portal.Domain.Catalog;
using Portal.Domain.Kernel;
using Portal.Domain.Taxes;

namespace Portal.Domain.Subscriptions;

/// <summary>Which tax the prices of a plan include, where they include any: the rate of the customer's place as a period begins, for all of it.</summary>
internal sealed class NetPrices(Taxation? taxation, TimeZoneInfo zone)
{
    /// <summary>Reads what decides for a tenant; nothing where no plan includes tax.</summary>
    /// <param name="connection">The database.</param>
    /// <param name="tenantId">Whose.</param>
    /// <param name="zone">The tenant's.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    /// <param name="plans">The plans that may come to be asked for.</param>
    public static async Task<NetPrices> ReadAsync(
        NpgsqlConnection connection, long tenantId, TimeZoneInfo zone, CancellationToken cancellationToken, params Plan?[] plans) =>
        new(Array.Exists(plans, plan => plan is { TaxInclusive: true }) ? await Taxation.OfTenantAsync(connection, tenantId, cancellationToken) : null, zone);

    /// <summary>The percentage that a plan's prices include on an instant's day; null: its prices are net.</summary>
    /// <exception cref="InvalidOperationException">The plan was not among those read for.</exception>
    public decimal? PercentAt(Plan plan, DateTimeOffset at)
    {
        if (!plan.TaxInclusive) return null;
        return (taxation ?? throw new InvalidOperationException($"The taxes of the plan {plan.Key} were not read.")).On(zone.DateIn(at)).Percent;
    }
}
