using Npgsql;
using Portal.Domain.Data;

namespace Portal.Domain.Pricing;

/// <summary>Whose prices come before the platform's for one tenant, for some time.</summary>
/// <param name="From">Usage that happened from then on;</param>
/// <param name="Until">until then; null: it goes on.</param>
/// <param name="Plan">Key of the plan.</param>
/// <param name="PlanVersion">The version that was sold.</param>
/// <param name="ContractCard">Rate card of the contract, which comes before the plan; null for none.</param>
public sealed record PriceTerms(DateTimeOffset From, DateTimeOffset? Until, string Plan, int PlanVersion, string? ContractCard);

/// <summary>
/// Where the prices of one tenant's usage come from (domain.md §6, Which price): the contract's rate card, the plan's items, the plan's rate
/// card, the platform's <c>default</c>. Immutable; compared by reference.
/// </summary>
public sealed class TenantPrices
{
    /// <summary>Of a tenant that never had a plan: the platform's prices alone.</summary>
    public static readonly TenantPrices Platform = new([]);

    private readonly PriceTerms[] terms;

    private TenantPrices(IEnumerable<PriceTerms> terms) => this.terms = [.. terms];

    internal const string Sql = "select since, until, plan, plan_version, rate_card from dated_terms where tenant_id = $1 order by since, id";

    /// <summary>Those that are in force at an instant; null for the platform's alone.</summary>
    public PriceTerms? At(DateTimeOffset instant)
    {
        for (var i = terms.Length - 1; i >= 0; i--)
        {
            if (terms[i].From <= instant && !(terms[i].Until <= instant)) return terms[i];
        }

        return null;
    }

    /// <summary>Reads those of a tenant.</summary>
    public static async Task<TenantPrices> ReadAsync(NpgsqlConnection connection, long tenantId, CancellationToken cancellationToken = default) =>
        Of(await connection.ListAsync(Sql, Read, cancellationToken, tenantId));

    internal static TenantPrices Of(IReadOnlyCollection<PriceTerms> terms) => terms.Count == 0 ? Platform : new TenantPrices(terms);

    internal static PriceTerms Read(NpgsqlDataReader row) => new(
        row.GetFieldValue<DateTimeOffset>(0), row.Nullable<DateTimeOffset?>(1), row.GetString(2), row.GetInt32(3), row.Nullable<string>(4));
}
