using System.Globalization;
using Portal.Domain.Kernel;

namespace Portal.Domain.Outcomes;

/// <summary>
/// Whether a rule can decide, and each of its lines be reached: tries every combination of its conditions that events can bring about. It
/// errs on the side of the rule: what is refused can never hold.
/// </summary>
internal sealed class Decidability
{
    private const int MostTried = 14;
    private const decimal Step = 0.000000001m;

    private static readonly DateTimeOffset SomeDay = new(2027, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private readonly Condition[] atoms;
    private readonly OutcomeRule rule;

    private Decidability(OutcomeRule rule)
    {
        this.rule = rule;
        atoms = [.. rule.Conditions.Where(condition => condition.Parts.Count == 0).DistinctBy(KeyOf, StringComparer.Ordinal)];
    }

    /// <summary>Notes <c>rule_never_decides</c>, <c>contradictory_condition</c> and <c>unreachable_rule</c> with their lines.</summary>
    public static void Check(OutcomeRule rule, FieldErrors errors) => new Decidability(rule).Check(errors);

    private void Check(FieldErrors errors)
    {
        var (holds, reached) = (new bool[rule.Lines.Count], new bool[rule.Lines.Count + 1]);
        if (atoms.Length <= MostTried) Try(holds, reached);
        else (holds, reached) = ([.. holds.Select(_ => true)], [.. reached.Select(_ => true)]);
        var decides = reached.Where((is_, i) => is_ && (i < rule.Lines.Count ? rule.Lines[i].Then : rule.Else) != Verdict.Pending).Any();
        if (!decides)
        {
            var at = Array.IndexOf(holds, false) is >= 0 and var i ? Line(i) + ".if" : "rules";
            errors.Add(at, "rule_never_decides", "Whatever happens, no case is ever billable or not billable by this rule.");
            return;
        }

        for (var i = 0; i < rule.Lines.Count; i++)
        {
            if (!holds[i]) errors.Add(Line(i) + ".if", "contradictory_condition", "Nothing that happens makes this hold.");
            else if (!reached[i]) errors.Add(Line(i), "unreachable_rule", "Whenever this holds, a line before it holds too.");
        }
    }

    private void Try(bool[] holds, bool[] reached)
    {
        for (var tried = 0; tried < 1 << atoms.Length; tried++)
        {
            var truth = atoms.Select((atom, i) => (Key: KeyOf(atom), Holds: (tried >> i & 1) == 1)).ToDictionary(one => one.Key, one => one.Holds, StringComparer.Ordinal);
            if (!CanBe(truth)) continue;
            var first = rule.Lines.Count;
            for (var i = rule.Lines.Count - 1; i >= 0; i--)
            {
                if (!Holds(rule.Lines[i].If, truth)) continue;
                (holds[i], first) = (true, i);
            }

            reached[first] = true;
        }
    }

    private static bool Holds(Condition condition, Dictionary<string, bool> truth) => condition switch
    {
        AllOf all => all.Conditions.All(part => Holds(part, truth)),
        AnyOf any => any.Conditions.Any(part => Holds(part, truth)),
        Not not => !Holds(not.Condition, truth),
        _ => truth[KeyOf(condition)],
    };

    private bool CanBe(Dictionary<string, bool> truth) => CanCount(truth) && CanHaveProperties(truth) && CanBeSilent(truth);

    // How often events of a type happen is one number; those with certain properties are among them.
    private bool CanCount(Dictionary<string, bool> truth)
    {
        var limits = new Dictionary<(string Type, string Where), List<Func<int, bool>>>();
        var candidates = new SortedSet<int> { 0, 1 };
        foreach (var atom in atoms)
        {
            var holds = truth[KeyOf(atom)];
            switch (atom)
            {
                case EventHappened { After: null } happened:
                    Limit(happened.Type, happened.Where.Key, count => count > 0 == holds);
                    break;
                case EventHappened { After: { } after } later when holds:
                    Limit(later.Type, later.Where.Key, count => count > 0);
                    Limit(after, "", count => count > 0);
                    break;
                case EventsCounted counted:
                    candidates.UnionWith([counted.AtLeast, Math.Max(0, counted.AtLeast - 1), counted.AtMost ?? 0, (counted.AtMost ?? 0) + 1]);
                    Limit(counted.Type, counted.Where.Key, count => (count >= counted.AtLeast && count <= (counted.AtMost ?? int.MaxValue)) == holds);
                    break;
                case Silence { After: { } after } when holds:
                    Limit(after, "", count => count > 0);
                    break;
                default:
                    break;
            }
        }

        return limits.GroupBy(limit => limit.Key.Type, StringComparer.Ordinal).All(type =>
        {
            var all = limits.GetValueOrDefault((type.Key, ""), []);
            var least = type.Where(limit => limit.Key.Where.Length > 0)
                .Select(limit => candidates.Cast<int?>().FirstOrDefault(count => limit.Value.TrueForAll(fits => fits(count!.Value)))).ToArray();
            return !least.Contains(null) && candidates.Any(count => all.TrueForAll(fits => fits(count)) && least.All(part => part <= count));
        });

        void Limit(string type, string where, Func<int, bool> fits)
        {
            if (!limits.TryGetValue((type, where), out var known)) limits[(type, where)] = known = [];
            known.Add(fits);
        }
    }

    // The last value of a property is one value, or there is none.
    private bool CanHaveProperties(Dictionary<string, bool> truth) => atoms.OfType<PropertyIs>().GroupBy(atom => atom.Comparison.Name, StringComparer.Ordinal).All(property =>
    {
        var wanted = property.Select(atom => (atom.Comparison, Holds: truth[KeyOf(atom)])).ToArray();
        if (wanted.All(one => !one.Holds)) return true;
        return Values(property.Select(atom => atom.Comparison)).Any(value =>
        {
            var one = new CaseEvent(Guid.Empty, "", SomeDay, new Dictionary<string, string>(StringComparer.Ordinal) { [property.Key] = value });
            return wanted.All(comparison => comparison.Comparison.Holds(one) == comparison.Holds);
        });
    });

    private static IEnumerable<string> Values(IEnumerable<Comparison> comparisons)
    {
        yield return "\u0001"; // a text that no rule names
        foreach (var comparison in comparisons)
        {
            foreach (var text in (comparison.Among ?? []).Concat(comparison.NotAmong)) yield return text;
            foreach (var bound in new[] { comparison.From, comparison.To })
            {
                if (bound is not { } number) continue;
                foreach (var near in new[] { number - Step, number, number + Step, number - 2 * Step, number + 2 * Step })
                    yield return near.ToString(CultureInfo.InvariantCulture);
            }
        }
    }

    // Longer silence is shorter silence too; the last event is of one type; what is silent for longer is abandoned.
    private bool CanBeSilent(Dictionary<string, bool> truth)
    {
        var silences = atoms.OfType<Silence>().Select(silence => (Silence: silence, Holds: truth[KeyOf(silence)], Ends: silence.Span.AddTo(SomeDay, TimeZoneInfo.Utc))).ToArray();
        var abandoned = rule.AbandonAfter?.AddTo(SomeDay, TimeZoneInfo.Utc);
        var held = silences.Where(silence => silence.Holds).ToArray();
        if (held.Any(silence => silence.Ends > abandoned)) return false;
        if (held.Select(silence => silence.Silence.After).Where(after => after is not null).Distinct(StringComparer.Ordinal).Count() > 1) return false;
        return !silences.Any(shorter => !shorter.Holds && held.Any(longer =>
            (shorter.Silence.After is null || shorter.Silence.After == longer.Silence.After) && shorter.Ends <= longer.Ends));
    }

    private static string KeyOf(Condition atom) => atom switch
    {
        EventHappened happened => $"event {happened.Type} {happened.Where.Key} {happened.After}",
        EventsCounted counted => string.Create(CultureInfo.InvariantCulture, $"count {counted.Type} {counted.Where.Key} {counted.AtLeast} {counted.AtMost}"),
        PropertyIs property => $"property {property.Comparison.Key}",
        Silence silence => string.Create(CultureInfo.InvariantCulture, $"silence {silence.Span.Months} {silence.Span.Days} {silence.Span.Time} {silence.After}"),
        _ => throw new InvalidOperationException($"{atom.GetType().Name} has parts."),
    };

    private static string Line(int index) => string.Create(CultureInfo.InvariantCulture, $"rules[{index}]");
}
