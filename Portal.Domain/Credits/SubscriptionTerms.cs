using System.Text.Json;
using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Pricing.Rates;

namespace Portal.Domain.Wallet;

/// <summary>When a subscription sells credits beyond the grants, and on what terms. By instants, so that nothing has to be done for it to begin or end.</summary>
/// <param name="From">Its first paid period begins: a trial blocks.</param>
/// <param name="Until">It ends or pauses; null: it goes on.</param>
/// <param name="Sells">False under policy <c>block</c>: the terms still price what was sold in the period and is taken back.</param>
/// <param name="Overage">The terms.</param>
public sealed record SubscriptionTerms(DateTimeOffset From, DateTimeOffset? Until, bool Sells, OverageTerms Overage)
{
    internal const string Sql = """
        select coalesce(trial_until, starts_at), least(cancel_at, pause_at), overage_price::text, spend_cap, currency::text, exhaustion = 'overage', overage_meters::text, tax_percent from subscriptions
        where tenant_id = $1 and state <> 'cancelled' and (overage_price is not null or overage_meters is not null)
        """;

    /// <summary>The terms at an instant; null: what exceeds the grants is debt.</summary>
    public OverageTerms? At(DateTimeOffset now) => Sells && From <= now && !(Until <= now) ? Overage : null;

    internal static SubscriptionTerms Read(NpgsqlDataReader row)
    {
        var price = row.Nullable<string>(2) is { } json ? Stored(JsonSerializer.Deserialize<PriceDefinition>(json, PortalJson.Options)) : null;
        var meters = row.Nullable<string>(6) is { } metered ? JsonSerializer.Deserialize<Dictionary<string, PriceDefinition>>(metered, PortalJson.Options)! : [];
        var included = row.Nullable<decimal?>(7);
        return new SubscriptionTerms(
            row.GetFieldValue<DateTimeOffset>(0), row.Nullable<DateTimeOffset?>(1), row.GetBoolean(5), new OverageTerms(price?.Net(included ?? 0m), row.Nullable<decimal?>(3), row.GetString(4))
            {
                Meters = meters.ToDictionary(meter => meter.Key, meter => Stored(meter.Value).Net(included ?? 0m), StringComparer.Ordinal),
                TaxInclusive = included is not null,
            });
    }

    private static Price Stored(PriceDefinition? price) =>
        PriceChecks.Check("price", price, new FieldErrors()) ?? throw new InvalidOperationException("A stored price does not check.");
}
