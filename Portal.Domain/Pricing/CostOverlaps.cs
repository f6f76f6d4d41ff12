using Npgsql;
using Portal.Domain.Kernel;
using Portal.Domain.Pricing.Rates;

namespace Portal.Domain.Pricing;

/// <summary>All cost cards apply together, so that a new version may not conflict with those in force beside it.</summary>
internal static class CostOverlaps
{
    /// <summary>The problem, with both rates named, when the version overlaps another card's while both are in force; null otherwise.</summary>
    public static async Task<Problem?> CheckAsync(
        NpgsqlConnection connection, NpgsqlTransaction? transaction, CardVersion candidate, CancellationToken cancellationToken)
    {
        var published = await CardVersions.ReadAsync(connection, transaction, CardKind.Cost, [], cancellationToken);
        var errors = new FieldErrors();
        foreach (var (_, versions) in new Timeline([.. published, candidate]).Changes)
        {
            if (!versions.Contains(candidate) || versions.Count == 1) continue;
            foreach (var (first, second) in RateOverlaps.Find(versions.SelectMany(version => version.Rates)))
            {
                var (own, other) = first.Version == candidate ? (first, second) : (second, first);
                errors.Add($"rates[{own.Index}].match", "rate_overlap", $"{own} and {other} match the same usage: all cost cards apply together.");
            }

            if (!errors.None) break;
        }

        return errors.ToProblem();
    }
}
