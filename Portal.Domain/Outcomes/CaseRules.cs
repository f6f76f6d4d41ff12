using System.Text.Json;
using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Metering.Intake;
using Portal.Domain.Wallet;

namespace Portal.Domain.Outcomes;

/// <summary>Reads all rules for a catalogue version.</summary>
public sealed class CaseRulesReading : ICaseRulesReading
{
    /// <inheritdoc />
    public async Task<ICaseRules> ReadAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
        new CaseRules(await connection.ListAsync(OutcomeRules.Select, OutcomeRules.Read, cancellationToken));
}

/// <summary>All versions of all rules, checked. Immutable.</summary>
internal sealed class CaseRules : ICaseRules
{
    private readonly Dictionary<string, RuleVersion[]> byRule;

    public CaseRules(IEnumerable<PublishedRule> published) => byRule = published
        .Select(version => new RuleVersion(version.Rule, version.Version, version.EffectiveAt, OutcomeRuleChecks.Check(version.Definition).Value))
        .GroupBy(version => version.Key, StringComparer.Ordinal)
        .ToDictionary(rule => rule.Key, rule => rule.OrderBy(version => version.EffectiveAt).ThenBy(version => version.Version).ToArray(), StringComparer.Ordinal);

    /// <summary>A version of a rule.</summary>
    internal sealed record RuleVersion(string Key, int Version, DateTimeOffset EffectiveAt, OutcomeRule Rule);

    /// <summary>A version that a case opened under.</summary>
    public OutcomeRule Of(OutcomeCase one) => byRule[one.Rule].Single(version => version.Version == one.RuleVersion).Rule;

    /// <inheritdoc />
    public async Task<ICaseTaking?> OpenAsync(
        NpgsqlConnection connection, WalletDirectory directory, IReadOnlyList<UsageEvent> events, IntakeWindow window, CancellationToken cancellationToken)
    {
        var terms = directory.Outcomes;
        var names = terms.SelectMany(term => byRule.GetValueOrDefault(term.Rule, [])).Select(version => version.Rule.Case).ToHashSet(StringComparer.Ordinal);
        if (names.Count == 0) return null;
        var named = new List<(UsageEvent Usage, Dictionary<string, string> Cases)>();
        foreach (var usage in events)
        {
            if (usage.Status != EventStatus.Pending || usage.Committed || usage.OfEngine || usage.OccurredAt > window.Latest || usage.OccurredAt < window.Earliest
                || !MayName(usage, names)) continue;
            var read = CaseData.Read(usage.Data, names);
            if (read.Values.Any(name => name.Length > 200)) usage.Reject("invalid_case", "A case is named by at most 200 characters.");
            else if (read.Values.Any(name => name.Length > 0)) named.Add((usage, read));
        }

        if (named.Count == 0) return null;
        var products = terms.Select(term => term.Product).Distinct(StringComparer.Ordinal).ToArray();
        var keys = named.SelectMany(one => one.Cases.Values).Where(name => name.Length > 0).Distinct(StringComparer.Ordinal)
            .SelectMany(name => products.Select(product => (product, name))).ToArray();
        var known = await CaseRows.FindAsync(connection, directory.TenantId, keys, cancellationToken);
        var taking = new CaseTaking(this, known, await CaseRows.EventsAsync(connection, directory.TenantId, known, cancellationToken));
        foreach (var (usage, cases) in named.OrderBy(one => one.Usage.OccurredAt).ThenBy(one => one.Usage.Key)) Join(taking, usage, cases, products, terms);
        return taking;
    }

    private void Join(CaseTaking taking, UsageEvent usage, Dictionary<string, string> cases, string[] products, IReadOnlyList<OutcomeTerms> terms)
    {
        string? billed = null;
        foreach (var product in products)
        {
            var one = cases.Values.Select(name => taking.Find(product, name)).FirstOrDefault(open => open is not null && Names(cases, Of(open), open.Key))
                ?? Open(usage, cases, product, terms);
            if (one is null) continue;
            if (!taking.Join(usage, one, Of(one)))
            {
                usage.Reject("case_full", $"A case is decided by at most {CaseTaking.MostRead} events, and the case '{one.Key}' has them.");
                return;
            }

            billed ??= product;
        }

        if (billed is not null) usage.BecomeWork(billed);
    }

    // The choice of rule and version is made here, once for a case.
    private OutcomeCase? Open(UsageEvent usage, Dictionary<string, string> cases, string product, IReadOnlyList<OutcomeTerms> terms)
    {
        if (OutcomeTerms.For(terms, product, usage.OccurredAt) is not { } term) return null;
        var version = byRule.GetValueOrDefault(term.Rule, []).LastOrDefault(version => version.EffectiveAt <= usage.OccurredAt);
        if (version is null || !cases.TryGetValue(version.Rule.Case, out var name) || name.Length == 0) return null;
        return new OutcomeCase
        {
            Product = product,
            Key = name,
            Rule = version.Key,
            RuleVersion = version.Version,
            OpenedAt = usage.OccurredAt,
            LastEventAt = usage.OccurredAt,
        };
    }

    private static bool Names(Dictionary<string, string> cases, OutcomeRule rule, string key) => cases.GetValueOrDefault(rule.Case) == key;

    // Looks before it parses: most events of most tenants name no case.
    private static bool MayName(UsageEvent usage, HashSet<string> names)
    {
        foreach (var name in names)
        {
            if (usage.Data.Span.IndexOf(JsonEncodedText.Encode(name).EncodedUtf8Bytes) >= 0 || usage.Data.Span.Contains((byte)'\\')) return true;
        }

        return false;
    }
}
