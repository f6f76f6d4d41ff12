using System.Text.Json;
using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Pricing;

namespace Portal.Domain.Outcomes;

/// <summary>A rule and what has been published under it.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Name">What people call it.</param>
/// <param name="Versions">Its versions, the newest first.</param>
public sealed record OutcomeRuleCard(string Key, string Name, IReadOnlyList<PublishedRule> Versions);

/// <summary>Where a rule is used.</summary>
/// <param name="Plans">Keys of the plans of which a version names it.</param>
/// <param name="Tenants">How many tenants have had cases under it.</param>
public sealed record OutcomeRuleUse(IReadOnlyList<string> Plans, long Tenants);

/// <summary>A version as it was published.</summary>
/// <param name="Rule">Key of the rule.</param>
/// <param name="Version">Number in its rule, from 1.</param>
/// <param name="EffectiveAt">Cases that open from then on follow it, until a later version's.</param>
/// <param name="PublishedAt">When it was published.</param>
/// <param name="Definition">It as it was written.</param>
public sealed record PublishedRule(string Rule, int Version, DateTimeOffset EffectiveAt, DateTimeOffset PublishedAt, OutcomeRuleDefinition Definition);

/// <summary>Rules over outcomes: naming them, publishing versions, reading them.</summary>
public static class OutcomeRules
{
    internal const string Select = "select rule, version, effective_at, published_at, definition::text from outcome_rule_versions";

    /// <summary>Makes a rule or renames it. Answers whether it is new.</summary>
    public static async Task<Result<bool>> PutAsync(CatalogueChange change, string key, string? name, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(change);
        if (Slug.Check("key", key) is { } badKey) return badKey;
        if (name is { Length: 0 or > 200 }) return Problem.Field("name", "required", "A name of 1 to 200 characters is needed.");
        var made = await change.Connection.ListAsync(
            "insert into outcome_rules (key, name, created_at) values ($1, $2, $3) on conflict (key) do update set name = excluded.name returning xmax = 0",
            row => row.GetBoolean(0), cancellationToken, key, name ?? key, change.Now);
        return made[0];
    }

    /// <summary>
    /// Publishes a version. Cases that are open stay with theirs. Refuses <c>unknown_outcome_rule</c>, what <see cref="OutcomeRuleChecks"/> finds,
    /// and <c>product_changed</c>. A product first named by a rule is made.
    /// </summary>
    public static async Task<Result<PublishedRule>> PublishAsync(
        CatalogueChange change, string key, OutcomeRuleDefinition definition, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(change);
        ArgumentNullException.ThrowIfNull(definition);
        if (await FindAsync(change.Connection, key, cancellationToken) is not { } known) return Unknown(key);
        var rule = OutcomeRuleChecks.Check(definition);
        if (rule.Problem is { } invalid) return invalid;
        if (known.Versions.Count > 0 && known.Versions[0].Definition.Product != rule.Value.Product)
            return Problem.Field("product", "product_changed", $"The rule {key} is of the product {known.Versions[0].Definition.Product}.") with { Kind = ProblemKind.Unprocessable };
        var effective = Instant(definition.EffectiveAt ?? change.Now);
        var published = new PublishedRule(key, known.Versions.Count + 1, effective, change.Now, definition with { EffectiveAt = null });
        await change.Connection.ExecuteAsync(
            "insert into products (key, name, created_at) values ($1, $1, $2) on conflict do nothing", cancellationToken, rule.Value.Product, change.Now);
        await change.Connection.ExecuteAsync(
            "insert into outcome_rule_versions (rule, version, product, effective_at, published_at, definition) values ($1, $2, $3, $4, $5, $6::json)",
            cancellationToken, key, published.Version, rule.Value.Product, effective, change.Now, JsonSerializer.Serialize(published.Definition, PortalJson.Options));
        return published;
    }

    /// <summary>Who names a rule and who has cases under it.</summary>
    public static async Task<OutcomeRuleUse> UseAsync(NpgsqlConnection connection, string key, CancellationToken cancellationToken = default)
    {
        const string sql = """
            select array(
                select distinct v.plan from plan_versions v
                cross join lateral json_each_text(case json_typeof(v.definition -> 'outcomes') when 'object' then v.definition -> 'outcomes' else '{}' end) o
                where o.value = $1 order by v.plan),
              (select count(distinct tenant_id) from outcome_rules_used where rule = $1)
            """;
        return (await connection.ListAsync(sql, row => new OutcomeRuleUse(row.GetFieldValue<string[]>(0), row.GetInt64(1)), cancellationToken, key))[0];
    }

    /// <summary>A rule with its versions; null when there is none of that key.</summary>
    public static async Task<OutcomeRuleCard?> FindAsync(NpgsqlConnection connection, string key, CancellationToken cancellationToken = default) =>
        (await ReadAsync(connection, "key = $1", key, 1, cancellationToken)).SingleOrDefault();

    /// <summary>Rules in order of their keys, from the one after <paramref name="after"/>.</summary>
    public static async Task<IReadOnlyList<OutcomeRuleCard>> ListAsync(NpgsqlDataSource source, string? after, int limit, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        return await ReadAsync(connection, "key > $1", after ?? "", limit, cancellationToken);
    }

    /// <summary>The problem of a rule that is not there.</summary>
    public static Problem Unknown(string key) =>
        Problem.NotFound("unknown_outcome_rule", $"There is no outcome rule {key}. Make it first: PUT /v1/outcomes/{key}.");

    internal static PublishedRule Read(NpgsqlDataReader row) => new(
        row.GetString(0), row.GetInt32(1), row.GetFieldValue<DateTimeOffset>(2), row.GetFieldValue<DateTimeOffset>(3),
        JsonSerializer.Deserialize<OutcomeRuleDefinition>(row.GetString(4), PortalJson.Options)!);

    private static async Task<List<OutcomeRuleCard>> ReadAsync(
        NpgsqlConnection connection, string condition, string key, int limit, CancellationToken cancellationToken)
    {
        var rules = await connection.ListAsync(
            $"select key, name from outcome_rules where {condition} order by key limit $2", row => (Key: row.GetString(0), Name: row.GetString(1)),
            cancellationToken, key, limit);
        var versions = (await connection.ListAsync(
            Select + " where rule = any($1) order by rule, version desc", Read, cancellationToken, (object)rules.Select(rule => rule.Key).ToArray()))
            .ToLookup(version => version.Rule, StringComparer.Ordinal);
        return [.. rules.Select(rule => new OutcomeRuleCard(rule.Key, rule.Name, [.. versions[rule.Key]]))];
    }

    // PostgreSQL keeps microseconds.
    private static DateTimeOffset Instant(DateTimeOffset instant) => new(instant.UtcTicks - (instant.UtcTicks % TimeSpan.TicksPerMicrosecond), TimeSpan.Zero);
}
