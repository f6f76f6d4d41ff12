using Npgsql;
using Portal.Domain.Data;

namespace Portal.Domain.Wallet;

/// <summary>A rule that decides over the outcomes of a product, as a tenant's subscription names it.</summary>
/// <param name="Product">The outcome product.</param>
/// <param name="Rule">Key of the rule.</param>
/// <param name="From">Cases open from then on; null: none opens, those that are open stay with the rule.</param>
/// <param name="Until">No case opens from then on; null: it goes on.</param>
public sealed record OutcomeTerms(string Product, string Rule, DateTimeOffset? From, DateTimeOffset? Until)
{
    // What the contract names, then what the plans name that were had, each for its time, and what rules were named when open cases began.
    internal const string Sql = """
        select key, value, since, until from (
        select 1 as rank, o.key, o.value, t.since, t.until from dated_terms t
        join contracts c on c.tenant_id = t.tenant_id and c.subscription_id = t.subscription_id
        cross join lateral json_each_text(case json_typeof(c.definition -> 'outcomes') when 'object' then c.definition -> 'outcomes' else '{}' end) o
        where t.tenant_id = $1
        union all
        select 2, o.key, o.value, t.since, t.until from dated_terms t
        join plan_versions v on v.plan = t.plan and v.version = t.plan_version
        cross join lateral json_each_text(case json_typeof(v.definition -> 'outcomes') when 'object' then v.definition -> 'outcomes' else '{}' end) o
        where t.tenant_id = $1
        union all
        select 3, product, rule, null, null from outcome_rules_used where tenant_id = $1
        ) terms order by rank
        """;

    /// <summary>True when a case may open at the instant.</summary>
    public bool OpensAt(DateTimeOffset instant) => From <= instant && !(Until <= instant);

    /// <summary>The rule that a case of the product opens under at an instant; null when usage itself is billed.</summary>
    public static OutcomeTerms? For(IReadOnlyList<OutcomeTerms> terms, string product, DateTimeOffset instant)
    {
        ArgumentNullException.ThrowIfNull(terms);
        return terms.FirstOrDefault(term => term.Product == product && term.OpensAt(instant));
    }

    internal static OutcomeTerms Read(NpgsqlDataReader row) =>
        new(row.GetString(0), row.GetString(1), row.Nullable<DateTimeOffset?>(2), row.Nullable<DateTimeOffset?>(3));
}
