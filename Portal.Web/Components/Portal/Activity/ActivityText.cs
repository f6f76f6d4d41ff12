using Portal.Domain.Data;
using Portal.Domain.Kernel;

namespace Portal.Web.Components.TenantPages;

/// <summary>What people read for kinds, actors and accounts of the ledger.</summary>
public static class ActivityText
{
    /// <summary>Filters of the statement: a key, its text, and the kinds of transactions that it means.</summary>
    public static readonly IReadOnlyList<(string Key, string Text, string[] Kinds)> Filters =
    [
        ("in", "Purchases and grants", ["purchase", "grant", "plan_grant"]),
        ("usage", "Usage", ["usage"]),
        ("correction", "Corrected usage", ["void", "amendment", "rerate"]),
        ("transfer", "Transfers", ["transfer", "merge"]),
        ("rollover", "Rollover", ["rollover"]),
        ("expiry", "Expiry", ["expiry"]),
        ("settlement", "Settled debt", ["settlement"]),
        ("back", "Refunds and disputes", ["refund", "dispute"]),
    ];

    /// <summary>The kinds that a filter means; none for no filter.</summary>
    public static IReadOnlyList<string> KindsOf(string? filter) => Filters.FirstOrDefault(f => f.Key == filter).Kinds ?? [];

    /// <summary>A transaction's kind.</summary>
    public static string Kind(string kind) => kind switch
    {
        "purchase" => "Purchase",
        "grant" => "Grant",
        "plan_grant" => "Included in your plan",
        "usage" => "Usage",
        "void" => "Usage taken back",
        "amendment" => "Usage corrected",
        "rerate" => "Usage priced again",
        "transfer" => "Moved between pools",
        "merge" => "Merged accounts",
        "rollover" => "Rolled over",
        "expiry" => "Expired",
        "settlement" => "Debt settled",
        "refund" => "Refund",
        "dispute" => "Disputed payment",
        "cancellation" => "Plan cancelled",
        _ => char.ToUpperInvariant(kind[0]) + kind[1..].Replace('_', ' '),
    };

    /// <summary>Where a movement's credits went: <c>Shared → Research</c> for a transfer, else the pools that it touched.</summary>
    public static string Pools(IReadOnlyDictionary<string, decimal> changes, Func<string, string> nameOf)
    {
        ArgumentNullException.ThrowIfNull(changes);
        ArgumentNullException.ThrowIfNull(nameOf);
        var (gave, got) = (changes.Where(change => change.Value < 0m).ToArray(), changes.Where(change => change.Value > 0m).ToArray());
        return gave is [var from] && got is [var to] && from.Value == -to.Value
            ? $"{nameOf(from.Key)} → {nameOf(to.Key)}"
            : string.Join(", ", changes.Keys.Select(nameOf));
    }

    /// <summary>What a line moved: what went over for a transfer within the wallet, else what came or left.</summary>
    public static decimal Moved(IReadOnlyDictionary<string, decimal> changes)
    {
        ArgumentNullException.ThrowIfNull(changes);
        var sum = changes.Values.Sum();
        return sum == 0m ? changes.Values.Where(change => change > 0m).Sum() : sum;
    }

    /// <summary>Names of actors: members by mail, keys by name; one round trip.</summary>
    public static async Task<IReadOnlyDictionary<string, string>> ActorsAsync(TenantRead read, IEnumerable<string?> actors, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(read);
        var ids = actors.OfType<string>().Distinct(StringComparer.Ordinal)
            .Select(actor => (Actor: actor, Id: IdOf(actor))).Where(actor => actor.Id is not null).ToArray();
        if (ids.Length == 0) return new Dictionary<string, string>(StringComparer.Ordinal);
        const string sql = """
            select coalesce(m.user_id, m.id), m.email from members m where m.tenant_id = $1 and (m.user_id = any($2) or m.id = any($2))
            union all select k.id, k.name from api_keys k where k.tenant_id = $1 and k.id = any($2)
            """;
        var names = await read.Connection.ListAsync(
            sql, row => (Id: row.GetGuid(0), Name: row.GetString(1)), cancellationToken, read.TenantId, ids.Select(actor => actor.Id!.Value).ToArray());
        return ids.Where(actor => names.Any(name => name.Id == actor.Id))
            .ToDictionary(actor => actor.Actor, actor => names.First(name => name.Id == actor.Id).Name, StringComparer.Ordinal);
    }

    /// <summary>Who did it, for people.</summary>
    public static string Actor(string? actor, IReadOnlyDictionary<string, string> names)
    {
        ArgumentNullException.ThrowIfNull(names);
        if (actor is null) return "";
        if (names.TryGetValue(actor, out var name)) return name;
        return actor.Split(':', 2)[0] switch
        {
            "intake" => "Usage intake",
            "settle" or "job" => "Automatic",
            "key" => "Platform",
            "user" or "member" => "Former member",
            _ => "Platform",
        };
    }

    private static Guid? IdOf(string actor) =>
        actor.Split(':', 2) is [_, var text] && (Guid.TryParse(text, out var id) || PublicId.TryParse(PublicId.ApiKey, text, out _, out id) || PublicId.TryParse(PublicId.Member, text, out _, out id))
            ? id
            : null;
}
