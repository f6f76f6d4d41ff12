using Npgsql;
using Portal.Domain.Data;

namespace Portal.Domain.Outcomes;

/// <summary>A case: its events, what its rule says of them, what it billed.</summary>
public sealed record OutcomeCase
{
    internal const string Columns = """
        c.product, c.case_key, c.rule, c.rule_version, c.opened_at, c.last_event_at, c.events, c.consumer, c.team, c.pool, c.state, c.reason, c.line, c.decided_at,
        c.decided_by, c.settles_at, c.due_at, c.times_billed, c.billed_event, c.billed_at, c.reversed_at, c.dispute, c.dispute_reason, c.disputed_at, c.disputed_by,
        c.dispute_answer, c.dispute_decided_at, c.billed_transaction, c.billed_ordinal, c.disputed_decision
        """;

    /// <summary>Reason of a case whose dispute was accepted.</summary>
    public const string Disputed = "disputed";

    /// <summary>The outcome product.</summary>
    public required string Product { get; init; }

    /// <summary>Its name, as its events say it.</summary>
    public required string Key { get; init; }

    /// <summary>The rule that it opened under.</summary>
    public required string Rule { get; init; }

    /// <summary>The rule's version.</summary>
    public required int RuleVersion { get; init; }

    /// <summary>When the event that opened it happened.</summary>
    public required DateTimeOffset OpenedAt { get; init; }

    /// <summary>When its last event happened.</summary>
    public DateTimeOffset LastEventAt { get; set; }

    /// <summary>How many events it has.</summary>
    public int Events { get; set; }

    /// <summary>Who is billed: the consumer, if its events name one.</summary>
    public string? Consumer { get; set; }

    /// <summary>The team, if they name one.</summary>
    public string? Team { get; set; }

    /// <summary>The pool, if they name one.</summary>
    public string? Pool { get; set; }

    /// <summary><c>pending</c>, <c>settling</c>, <c>billed</c> or <c>rejected</c>.</summary>
    public string State { get; set; } = "pending";

    /// <summary>Why it is billable or rejected.</summary>
    public string? Reason { get; set; }

    /// <summary>Index of the line that decided.</summary>
    public int? Line { get; set; }

    /// <summary>Since when it is decided like that.</summary>
    public DateTimeOffset? DecidedAt { get; set; }

    /// <summary>Keys of the events that decided.</summary>
    public IReadOnlyList<Guid> DecidedBy { get; set; } = [];

    /// <summary>When it bills, or billed, unless something happens.</summary>
    public DateTimeOffset? SettlesAt { get; set; }

    /// <summary>When it has to be looked at again.</summary>
    public DateTimeOffset? DueAt { get; set; }

    /// <summary>How often it was billed, those reversed too.</summary>
    public int TimesBilled { get; set; }

    /// <summary>The event that bills it now.</summary>
    public Guid? BilledEvent { get; set; }

    /// <summary>The transaction that holds it.</summary>
    public Guid? BilledTransaction { get; set; }

    /// <summary>Its place in the transaction.</summary>
    public int? BilledOrdinal { get; set; }

    /// <summary>When it was billed last.</summary>
    public DateTimeOffset? BilledAt { get; set; }

    /// <summary>When a bill was last taken back.</summary>
    public DateTimeOffset? ReversedAt { get; set; }

    /// <summary><c>open</c>, <c>accepted</c> or <c>rejected</c>; null: nobody disputed it.</summary>
    public string? Dispute { get; set; }

    /// <summary>Why it is disputed.</summary>
    public string? DisputeReason { get; set; }

    /// <summary>Since when.</summary>
    public DateTimeOffset? DisputedAt { get; set; }

    /// <summary>By whom.</summary>
    public string? DisputedBy { get; set; }

    /// <summary><see cref="DecidedAt"/> of what is disputed.</summary>
    public DateTimeOffset? DisputedDecision { get; set; }

    /// <summary>It is billed or about to be, and what was decided so was not disputed before.</summary>
    public bool MayBeDisputed => State is "billed" or "settling" && (Dispute is null || (Dispute == "rejected" && DisputedDecision != DecidedAt));

    /// <summary>What the platform said to it.</summary>
    public string? DisputeAnswer { get; set; }

    /// <summary>When.</summary>
    public DateTimeOffset? DisputeDecidedAt { get; set; }

    /// <summary>Id of the event that bills it for the n-th time.</summary>
    public string EventId(int n) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{Rule}/{Key}/{n}");

    /// <summary>Takes over what the rule says; what has to be done for it falls due with <see cref="DueAt"/>.</summary>
    /// <param name="standing">What it says.</param>
    /// <param name="now">The instant it says it of.</param>
    internal void Follow(CaseStanding standing, DateTimeOffset now)
    {
        if (Dispute == "accepted")
        {
            (State, Reason, DueAt) = (BilledEvent is null ? "rejected" : State, Disputed, BilledEvent is null ? null : now);
            return;
        }

        (Reason, Line, DecidedAt, DecidedBy) = (standing.Reason, standing.Line, standing.Since, standing.Because);
        DueAt = standing.ChangesAt;
        if (standing.Verdict == Verdict.Billable)
        {
            if (BilledEvent is not null) return;
            SettlesAt = standing.SettlesAt > now ? standing.SettlesAt : now; // what is decided late settles when it is
            (State, DueAt) = ("settling", DueAt < SettlesAt ? DueAt : SettlesAt);
            return;
        }

        SettlesAt = null;
        if (BilledEvent is not null) DueAt = now; // it is taken back first
        else State = standing.Verdict == Verdict.Pending ? "pending" : "rejected";
    }

    internal static OutcomeCase Read(NpgsqlDataReader row) => new()
    {
        Product = row.GetString(0),
        Key = row.GetString(1),
        Rule = row.GetString(2),
        RuleVersion = row.GetInt32(3),
        OpenedAt = row.GetFieldValue<DateTimeOffset>(4),
        LastEventAt = row.GetFieldValue<DateTimeOffset>(5),
        Events = row.GetInt32(6),
        Consumer = row.Nullable<string>(7),
        Team = row.Nullable<string>(8),
        Pool = row.Nullable<string>(9),
        State = row.GetString(10),
        Reason = row.Nullable<string>(11),
        Line = row.Nullable<int?>(12),
        DecidedAt = row.Nullable<DateTimeOffset?>(13),
        DecidedBy = row.GetFieldValue<Guid[]>(14),
        SettlesAt = row.Nullable<DateTimeOffset?>(15),
        DueAt = row.Nullable<DateTimeOffset?>(16),
        TimesBilled = row.GetInt32(17),
        BilledEvent = row.Nullable<Guid?>(18),
        BilledAt = row.Nullable<DateTimeOffset?>(19),
        ReversedAt = row.Nullable<DateTimeOffset?>(20),
        Dispute = row.Nullable<string>(21),
        DisputeReason = row.Nullable<string>(22),
        DisputedAt = row.Nullable<DateTimeOffset?>(23),
        DisputedBy = row.Nullable<string>(24),
        DisputeAnswer = row.Nullable<string>(25),
        DisputeDecidedAt = row.Nullable<DateTimeOffset?>(26),
        BilledTransaction = row.Nullable<Guid?>(27),
        BilledOrdinal = row.Nullable<int?>(28),
        DisputedDecision = row.Nullable<DateTimeOffset?>(29),
    };
}
