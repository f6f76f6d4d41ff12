using System.Text.Json;
using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Pricing;

namespace Portal.Domain.Catalog;

/// <summary>What a PUT of a plan came to.</summary>
/// <param name="Created">True when there was no such plan.</param>
/// <param name="Version">The version that is sold from now on.</param>
public sealed record PlanPut(bool Created, int Version);

/// <summary>Plans: putting and reading them. Every change is a version of its own; none is ever changed.</summary>
public static class Plans
{
    private const string Select = "select v.plan, v.version, v.definition::text from plan_versions v";

    private const string Latest = " and v.version = (select max(version) from plan_versions l where l.plan = v.plan)";

    /// <summary>
    /// Makes a plan, or a new version of it when something is different. Refuses what <see cref="PlanChecks"/> finds, <c>unknown_meter</c>
    /// and <c>unknown_rate_card</c>.
    /// </summary>
    public static async Task<Result<PlanPut>> PutAsync(
        CatalogueChange change, string key, PlanDefinition definition, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(change);
        var plan = PlanChecks.Check(key, 1, definition);
        if (plan.Problem is { } invalid) return invalid;
        if (await UnknownAsync(change, definition, cancellationToken) is { } unknown) return unknown;
        var latest = await change.Connection.FindAsync(Select + " where v.plan = $1" + Latest, Read, cancellationToken, key);
        if (latest is not null && PortalJson.Same(latest.Definition, definition)) return new PlanPut(false, latest.Version);
        var version = (latest?.Version ?? 0) + 1;
        await change.Connection.ExecuteAsync(
            """
            with plan as (insert into plans (key, name, created_at) values ($1, $2, $5) on conflict (key) do update set name = excluded.name returning key)
            insert into plan_versions (plan, version, definition, published_at) select key, $3, $4::json, $5 from plan
            """,
            cancellationToken, key, plan.Value.Name, version, JsonSerializer.Serialize(definition, PortalJson.Options), change.Now);
        return new PlanPut(latest is null, version);
    }

    /// <summary>The version of that plan that is sold now; null when there is no such plan.</summary>
    public static Task<Plan?> FindAsync(NpgsqlDataSource source, string key, CancellationToken cancellationToken = default) =>
        source.FindAsync(Select + " where v.plan = $1" + Latest, Read, cancellationToken, key);

    /// <summary>The same on a connection.</summary>
    public static Task<Plan?> FindAsync(NpgsqlConnection connection, string key, CancellationToken cancellationToken = default) =>
        connection.FindAsync(Select + " where v.plan = $1" + Latest, Read, cancellationToken, key);

    /// <summary>A version of a plan.</summary>
    /// <exception cref="InvalidOperationException">There is none: only versions that were sold are asked for.</exception>
    public static async Task<Plan> VersionAsync(NpgsqlConnection connection, string key, int version, CancellationToken cancellationToken = default) =>
        await connection.FindAsync(Select + " where v.plan = $1 and v.version = $2", Read, cancellationToken, key, version)
            ?? throw new InvalidOperationException($"There is no version {version} of the plan {key}.");

    /// <summary>Plans in order of their keys, each as it is sold now, from the one after <paramref name="after"/>.</summary>
    public static Task<List<Plan>> ListAsync(NpgsqlDataSource source, string? after, int limit, CancellationToken cancellationToken = default) =>
        source.ListAsync(Select + " where v.plan > $1" + Latest + " order by v.plan limit $2", Read, cancellationToken, after ?? "", limit);

    /// <summary>The same on a connection.</summary>
    public static Task<List<Plan>> ListAsync(NpgsqlConnection connection, string? after, int limit, CancellationToken cancellationToken = default) =>
        connection.ListAsync(Select + " where v.plan > $1" + Latest + " order by v.plan limit $2", Read, cancellationToken, after ?? "", limit);

    private static Plan Read(NpgsqlDataReader row)
    {
        var definition = JsonSerializer.Deserialize<PlanDefinition>(row.GetString(2), PortalJson.Options)!;
        return PlanChecks.Check(row.GetString(0), row.GetInt32(1), definition).Value;
    }

    private static async Task<Problem?> UnknownAsync(CatalogueChange change, PlanDefinition plan, CancellationToken cancellationToken)
    {
        var items = plan.Items!.Index().ToArray();
        var meters = items.Where(item => item.Item.Meter is not null).Select(item => ($"items[{item.Index}].meter", item.Item.Meter!)).ToArray();
        if (await MissingAsync("meters", meters) is { } meter)
            return Problem.Field(meter.Field, "unknown_meter", $"There is no meter {meter.Key}.");
        var cards = items.Where(item => item.Item.RateCard is not null).Select(item => ($"items[{item.Index}].rate_card", item.Item.RateCard!));
        if (plan.RateCard is not null) cards = cards.Prepend(("rate_card", plan.RateCard));
        if (await MissingAsync("rate_cards", [.. cards]) is { } card)
            return Problem.Field(card.Field, "unknown_rate_card", $"There is no rate card {card.Key}.");
        var rules = await change.Connection.ListAsync("select distinct product, rule from outcome_rule_versions", row => (row.GetString(0), row.GetString(1)), cancellationToken);
        var unknown = plan.Outcomes?.Where(named => !rules.Contains((named.Key, named.Value))).Select(named => named.Key).FirstOrDefault();
        return unknown is null ? null : Problem.Field($"outcomes.{unknown}", "unknown_outcomes", $"There is no outcome rule {plan.Outcomes![unknown]} of the product {unknown}.");

        async Task<(string Field, string Key)?> MissingAsync(string table, (string Field, string Key)[] named)
        {
            if (named.Length == 0) return null;
            var known = await change.Connection.ListAsync(
                $"select key from {table} where key = any($1)", row => row.GetString(0), cancellationToken, (object)named.Select(name => name.Key).ToArray());
            var missing = named.Where(name => !known.Contains(name.Key, StringComparer.Ordinal)).ToArray();
            return missing.Length == 0 ? null : missing[0];
        }
    }
}
