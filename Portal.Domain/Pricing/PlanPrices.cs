using System.Text.Json;
using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Pricing.Rates;

namespace Portal.Domain.Pricing;

/// <summary>What a version of a plan says about the prices of usage.</summary>
/// <param name="Items">Prices of its items, one a meter, in money.</param>
/// <param name="Cards">Rate cards of its items, by the meter that each prices.</param>
/// <param name="RateCard">Rate card of the whole plan; null for none.</param>
public sealed record PlanPrices(RateBook Items, IReadOnlyList<(string Meter, string Card)> Cards, string? RateCard)
{
    private const string Sql = "select plan, version, definition::text from plan_versions where not (plan || ' ' || version) = any($1)";

    private sealed record Definition(string Currency, string? RateCard, IReadOnlyList<Item> Items);

    private sealed record Item(string Type, string? Meter, PriceDefinition? Price, string? RateCard);

    /// <summary>Reads the versions of plans that are not known yet.</summary>
    internal static async Task<Dictionary<(string Plan, int Version), PlanPrices>> ReadAsync(
        NpgsqlConnection connection, IEnumerable<(string Plan, int Version)> known, CancellationToken cancellationToken)
    {
        string[] without = [.. known.Select(version => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{version.Plan} {version.Version}"))];
        var rows = await connection.ListAsync(Sql, row => ((row.GetString(0), row.GetInt32(1)), row.GetString(2)), cancellationToken, (object)without);
        return rows.ToDictionary(row => row.Item1, row => Of(JsonSerializer.Deserialize<Definition>(row.Item2, Options)!));
    }

    private static readonly JsonSerializerOptions Options = new(PortalJson.Options) { UnmappedMemberHandling = System.Text.Json.Serialization.JsonUnmappedMemberHandling.Skip };

    private static PlanPrices Of(Definition plan)
    {
        var usage = plan.Items.Where(item => item.Type == "usage").ToArray();
        var rates = usage.Where(item => item.Price is not null).Select((item, i) => new Rate
        {
            Index = i,
            Meter = item.Meter!,
            Match = DimensionSet.Empty,
            Unit = plan.Currency,
            Price = PriceChecks.Check("price", item.Price, new FieldErrors()) ?? throw new InvalidOperationException("A stored price does not check."),
        });
        return new PlanPrices(
            new RateBook(rates), [.. usage.Where(item => item.RateCard is not null).Select(item => (item.Meter!, item.RateCard!))], plan.RateCard);
    }
}
