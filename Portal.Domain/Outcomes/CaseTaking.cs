using Npgsql;
using Portal.Domain.Metering.Intake;
using Portal.Domain.Wallet;

namespace Portal.Domain.Outcomes;

/// <summary>The cases of one wallet while a batch is taken: gathers what joins them, decides each that changed once.</summary>
internal sealed class CaseTaking : ICaseTaking
{
    private readonly CaseRules rules;
    private readonly ILookup<(string, string), CaseEvent> stored;
    private readonly Dictionary<(string Product, string Key), OutcomeCase> cases;
    private readonly Dictionary<UsageEvent, List<JoiningEvent>> joining = new(ReferenceEqualityComparer.Instance);
    private readonly List<JoiningEvent> taken = [];
    private readonly Dictionary<(string Product, string Key), HashSet<Guid>> counted = [];
    private OutcomeCase[] changed = [];

    public CaseTaking(CaseRules rules, IEnumerable<OutcomeCase> known, ILookup<(string, string), CaseEvent> stored)
    {
        (this.rules, this.stored) = (rules, stored);
        cases = known.ToDictionary(one => (one.Product, one.Key));
    }

    /// <summary>A case that is there, or that an earlier event of the batch would open.</summary>
    public OutcomeCase? Find(string product, string key) => cases.GetValueOrDefault((product, key));

    /// <summary>Events of a case that its rule reads at most; more are refused, so that what a decision takes is bounded. Work has no limit.</summary>
    public const int MostRead = 1_000;

    /// <summary>Notes that an event belongs to a case, if it is taken. False when the case has all the events that its rule reads.</summary>
    public bool Join(UsageEvent usage, OutcomeCase one, OutcomeRule rule)
    {
        cases.TryAdd((one.Product, one.Key), one);
        var work = usage.Meter is not null && !rule.Reads(usage.Type);
        if (!work && !Counts(usage, one)) return false;
        var read = new CaseEvent(usage.Key, usage.Type, usage.OccurredAt, work ? CaseData.Parse(null) : CaseData.Read(usage.Data, rule.Properties));
        if (!joining.TryGetValue(usage, out var joins)) joining[usage] = joins = [];
        joins.Add(new JoiningEvent(one, read, work, usage));
        return true;
    }

    private bool Counts(UsageEvent usage, OutcomeCase one)
    {
        var key = (one.Product, one.Key);
        if (!counted.TryGetValue(key, out var keys)) counted[key] = keys = [.. stored[key].Select(known => known.Key)];
        return keys.Contains(usage.Key) || (keys.Count < MostRead && keys.Add(usage.Key));
    }

    /// <inheritdoc />
    public void Take(UsageEvent usage)
    {
        foreach (var join in joining.GetValueOrDefault(usage) ?? [])
        {
            taken.Add(join);
            join.Case.Events++;
            if (usage.OccurredAt > join.Case.LastEventAt) join.Case.LastEventAt = usage.OccurredAt;
            join.Case.Consumer ??= usage.Consumer is { Length: > 0 } consumer ? consumer : null;
            join.Case.Team ??= usage.Team is { Length: > 0 } team ? team : null;
            join.Case.Pool ??= usage.Pool;
        }
    }

    /// <inheritdoc />
    public void Decide(WalletTransaction wallet)
    {
        changed = [.. taken.Select(one => one.Case).Distinct()];
        var added = taken.Where(one => !one.Work).ToLookup(one => one.Case, one => one.Event);
        foreach (var one in changed)
        {
            var events = stored[(one.Product, one.Key)].Concat(added[one]);
            one.Follow(CaseStanding.Of(rules.Of(one), events, one.LastEventAt, wallet.Now, wallet.Directory.Zone), wallet.Now);
            if (one.DueAt is { } due) wallet.Wallet.DueNoLaterThan(due);
        }
    }

    /// <inheritdoc />
    public void AddTo(NpgsqlBatch batch, WalletTransaction wallet)
    {
        foreach (var one in changed) CaseRows.AddTo(batch, wallet.TenantId, one, wallet.Now);
        CaseRows.AddTo(batch, wallet.TenantId, taken);
    }
}
