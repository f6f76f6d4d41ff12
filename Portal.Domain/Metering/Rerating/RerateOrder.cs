using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Pricing;
using Portal.Domain.Pricing.Rates;

namespace Portal.Domain.Metering.Rerating;

/// <summary>A period of usage to be looked at under other prices.</summary>
/// <param name="From">Usage that happened from then on.</param>
/// <param name="To">Until then, exclusive.</param>
/// <param name="Tenants">Keys of the tenants concerned; null: all.</param>
public sealed record ReratePeriod(DateTimeOffset From, DateTimeOffset To, IReadOnlyList<string>? Tenants = null);

/// <summary>What a re-rating is asked to do.</summary>
/// <param name="RateCard">Key of the card.</param>
/// <param name="Version">Number of the version in the card: the one that prices the period, whenever it is in force.</param>
/// <param name="Period">Which usage.</param>
/// <param name="Preview">True shows the differences and books nothing.</param>
public sealed record RerateOrder(string RateCard, int Version, ReratePeriod Period, bool Preview);

/// <summary>What a preview of an unpublished version is asked to do.</summary>
/// <param name="Kind">Rate or cost.</param>
/// <param name="Card">Key of the card, which must exist.</param>
/// <param name="Rates">All rates of the version.</param>
/// <param name="Period">Which usage.</param>
public sealed record VersionPreviewOrder(CardKind Kind, string Card, IReadOnlyList<RateDefinition>? Rates, ReratePeriod Period);

/// <summary>How an order is kept until it is done.</summary>
internal sealed record ReratePass(
    string Card, DateTimeOffset From, DateTimeOffset To, IReadOnlyList<string>? Tenants, int? Version = null, int? VersionId = null, string? CardKind = null,
    IReadOnlyList<RateDefinition>? Rates = null);

/// <summary>Checks orders and makes operations of them.</summary>
public static class Rerates
{
    /// <summary>
    /// Asks for a re-rating. Refuses <c>unknown_rate_card</c>, <c>unknown_version</c>, <c>invalid_period</c>, <c>unknown_tenant</c>.
    /// </summary>
    public static async Task<Result<Operation>> StartAsync(
        PlatformTransaction platform, RerateOrder order, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(platform);
        ArgumentNullException.ThrowIfNull(order);
        if (await CheckAsync(platform, CardKind.Rate, order.RateCard, order.Period, cancellationToken) is { } problem) return problem;
        var found = await platform.Connection.ListAsync(
            "select id from rate_card_versions where card = $1 and version = $2", row => row.GetInt32(0), cancellationToken, order.RateCard, order.Version);
        if (found is not [var id]) return Problem.NotFound("unknown_version", $"The card {order.RateCard} has no version {order.Version}.");
        var pass = new ReratePass(order.RateCard, order.Period.From, order.Period.To, order.Period.Tenants, order.Version, id);
        return await Operations.BeginAsync(
            platform.Connection, order.Preview ? OperationKind.ReratePreview : OperationKind.Rerate, pass, platform.Actor, platform.Now, cancellationToken);
    }

    /// <summary>
    /// Asks what a period would have come to under a version that is not published. Refuses what publishing it would, and
    /// <c>invalid_period</c>, <c>unknown_tenant</c>.
    /// </summary>
    public static async Task<Result<Operation>> PreviewAsync(
        PlatformTransaction platform, VersionPreviewOrder order, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(platform);
        ArgumentNullException.ThrowIfNull(order);
        if (await CheckAsync(platform, order.Kind, order.Card, order.Period, cancellationToken) is { } problem) return problem;
        var rates = await Cards.CheckRatesAsync(platform.Connection, platform.Transaction, order.Kind, order.Card, order.Rates, cancellationToken);
        if (rates.Problem is { } invalid) return invalid;
        var pass = new ReratePass(order.Card, order.Period.From, order.Period.To, order.Period.Tenants, CardKind: order.Kind.ToString(), Rates: order.Rates);
        return await Operations.BeginAsync(platform.Connection, OperationKind.VersionPreview, pass, platform.Actor, platform.Now, cancellationToken);
    }

    private static async Task<Problem?> CheckAsync(
        PlatformTransaction platform, CardKind kind, string card, ReratePeriod period, CancellationToken cancellationToken)
    {
        if (period.To <= period.From) return Problem.Field("to", "invalid_period", "The period must end after it begins.");
        if (!await Cards.ExistsAsync(platform.Connection, platform.Transaction, kind, card, cancellationToken)) return Cards.Unknown(kind, card);
        if (period.Tenants is null) return null;
        if (period.Tenants.Count is 0 or > 10_000) return Problem.Field("tenants", "invalid_tenants", "Name between 1 and 10000 tenants, or leave them out for all.");
        var known = await platform.Connection.ListAsync(
            "select key from tenants where key = any($1)", row => row.GetString(0), cancellationToken, (object)period.Tenants.ToArray());
        return period.Tenants.FirstOrDefault(key => !known.Contains(key, StringComparer.Ordinal)) is { } unknown
            ? Problem.NotFound("unknown_tenant", $"There is no tenant '{unknown}'.")
            : null;
    }
}
