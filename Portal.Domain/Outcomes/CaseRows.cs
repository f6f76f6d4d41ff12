using Npgsql;
using NpgsqlTypes;
using Portal.Domain.Data;
using Portal.Domain.Metering.Intake;

namespace Portal.Domain.Outcomes;

/// <summary>An event that joins a case.</summary>
/// <param name="Case">The case.</param>
/// <param name="Event">It as the rule reads it.</param>
/// <param name="Work">Measured usage that the rule does not read: it costs, and decides nothing.</param>
/// <param name="Usage">It as it was sent.</param>
internal sealed record JoiningEvent(OutcomeCase Case, CaseEvent Event, bool Work, UsageEvent Usage);

/// <summary>Reads and writes cases and their events.</summary>
internal static class CaseRows
{
    private const string Upsert = """
        insert into outcome_cases (tenant_id, product, case_key, rule, rule_version, opened_at, last_event_at, events, consumer, team, pool, state, reason, line,
          decided_at, decided_by, settles_at, due_at, times_billed, billed_event, billed_at, reversed_at, dispute, dispute_reason, disputed_at, disputed_by,
          dispute_answer, dispute_decided_at, updated_at, billed_transaction, billed_ordinal, disputed_decision)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32)
        on conflict (tenant_id, product, case_key) do update set (last_event_at, events, consumer, team, pool, state, reason, line, decided_at, decided_by, settles_at,
          due_at, times_billed, billed_event, billed_at, reversed_at, dispute, dispute_reason, disputed_at, disputed_by, dispute_answer, dispute_decided_at, updated_at, billed_transaction,
          billed_ordinal, disputed_decision) = row(excluded.last_event_at, excluded.events, excluded.consumer, excluded.team, excluded.pool, excluded.state, excluded.reason, excluded.line,
          excluded.decided_at, excluded.decided_by, excluded.settles_at, excluded.due_at, excluded.times_billed, excluded.billed_event, excluded.billed_at,
          excluded.reversed_at, excluded.dispute, excluded.dispute_reason, excluded.disputed_at, excluded.disputed_by, excluded.dispute_answer,
          excluded.dispute_decided_at, excluded.updated_at, excluded.billed_transaction, excluded.billed_ordinal, excluded.disputed_decision)
        """;

    private const string InsertEvents = """
        insert into outcome_case_events (tenant_id, product, case_key, event_key, type, occurred_at, work, data, consumer, team, pool)
        select $1, p, c, k, t, o, w, d::json, nullif(n, ''), nullif(m, ''), l
        from unnest($2::text[], $3::text[], $4::uuid[], $5::text[], $6::timestamptz[], $7::bool[], $8::text[], $9::text[], $10::text[], $11::text[])
          x(p, c, k, t, o, w, d, n, m, l)
        """;

    private const string InsertUsed = """
        insert into outcome_rules_used (tenant_id, product, rule) select $1, p, r from unnest($2::text[], $3::text[]) x(p, r) on conflict do nothing
        """;

    private const string ReadEvents = """
        select e.product, e.case_key, e.event_key, e.type, e.occurred_at, e.data::text, a.data::text
        from unnest($2::text[], $3::text[]) k(product, case_key)
        join outcome_case_events e on e.tenant_id = $1 and e.product = k.product and e.case_key = k.case_key and not e.work
        left join lateral (
          select bool_or(r.kind = 'void') as voided, (array_agg(r.data order by r.id desc) filter (where r.data is not null and r.events = 1))[1] as data
          from event_identities i join ratings r on r.tenant_id = i.tenant_id and r.event_transaction_id = i.transaction_id and r.event_ordinal = i.ordinal
          where i.tenant_id = $1 and i.event_key = e.event_key) a on true
        where a.voided is not true
        """;

    private const string ReadCases = $"""
        select {OutcomeCase.Columns} from unnest($2::text[], $3::text[]) k(product, case_key)
        join outcome_cases c on c.tenant_id = $1 and c.product = k.product and c.case_key = k.case_key
        """;

    /// <summary>Cases by product and key, as far as they are there.</summary>
    public static Task<List<OutcomeCase>> FindAsync(
        NpgsqlConnection connection, long tenantId, IReadOnlyCollection<(string Product, string Key)> keys, CancellationToken cancellationToken) =>
        connection.ListAsync(ReadCases, OutcomeCase.Read, cancellationToken, tenantId, keys.Select(key => key.Product), keys.Select(key => key.Key));

    /// <summary>The events of cases that their rules read.</summary>
    public static async Task<ILookup<(string Product, string Key), CaseEvent>> EventsAsync(
        NpgsqlConnection connection, long tenantId, IReadOnlyCollection<OutcomeCase> cases, CancellationToken cancellationToken) =>
        (await connection.ListAsync(
            ReadEvents, row => (Case: (row.GetString(0), row.GetString(1)),
                Event: new CaseEvent(row.GetGuid(2), row.GetString(3), row.GetFieldValue<DateTimeOffset>(4), CaseData.Amend(CaseData.Parse(row.Nullable<string>(5)), row.Nullable<string>(6)))),
            cancellationToken, tenantId, cases.Select(one => one.Product), cases.Select(one => one.Key)))
        .ToLookup(row => row.Case, row => row.Event);

    /// <summary>Adds the statement that writes a case as it is.</summary>
    public static void AddTo(NpgsqlBatch batch, long tenantId, OutcomeCase one, DateTimeOffset now)
    {
        var command = new NpgsqlBatchCommand(Upsert);
        foreach (var value in new object?[]
        {
            tenantId, one.Product, one.Key, one.Rule, one.RuleVersion, one.OpenedAt, one.LastEventAt, one.Events, one.Consumer, one.Team, one.Pool, one.State,
            one.Reason, one.Line, one.DecidedAt, one.DecidedBy.ToArray(), one.SettlesAt, one.DueAt, one.TimesBilled, one.BilledEvent, one.BilledAt, one.ReversedAt,
            one.Dispute, one.DisputeReason, one.DisputedAt, one.DisputedBy, one.DisputeAnswer, one.DisputeDecidedAt, now,
            one.BilledTransaction, one.BilledOrdinal, one.DisputedDecision,
        }) command.Parameters.Add(Typed(value, command.Parameters.Count));
        batch.BatchCommands.Add(command);
    }

    /// <summary>Adds the statements that write what joins cases.</summary>
    public static void AddTo(NpgsqlBatch batch, long tenantId, IReadOnlyCollection<JoiningEvent> events)
    {
        if (events.Count == 0) return;
        var used = events.Select(one => (one.Case.Product, one.Case.Rule)).Distinct().ToArray();
        batch.Add(InsertUsed, tenantId, used.Select(one => one.Product), used.Select(one => one.Rule));
        batch.Add(InsertEvents, tenantId, events.Select(one => one.Case.Product), events.Select(one => one.Case.Key), events.Select(one => one.Event.Key),
            events.Select(one => one.Event.Type), events.Select(one => one.Event.OccurredAt), events.Select(one => one.Work),
            events.Select(one => one.Work ? null : CaseData.Write(one.Event.Data)),
            events.Select(one => one.Usage.Consumer), events.Select(one => one.Usage.Team), events.Select(one => one.Usage.Pool));
    }

    // A null says nothing of its type.
    private static NpgsqlParameter Typed(object? value, int index) => value is null
        ? new NpgsqlParameter { Value = DBNull.Value, NpgsqlDbType = NullTypes.GetValueOrDefault(index, NpgsqlDbType.Text) }
        : Columns.Parameter(value);

    private static readonly Dictionary<int, NpgsqlDbType> NullTypes = new()
    {
        [13] = NpgsqlDbType.Integer,
        [14] = NpgsqlDbType.TimestampTz,
        [16] = NpgsqlDbType.TimestampTz,
        [17] = NpgsqlDbType.TimestampTz,
        [19] = NpgsqlDbType.Uuid,
        [20] = NpgsqlDbType.TimestampTz,
        [21] = NpgsqlDbType.TimestampTz,
        [24] = NpgsqlDbType.TimestampTz,
        [27] = NpgsqlDbType.TimestampTz,
        [29] = NpgsqlDbType.Uuid,
        [30] = NpgsqlDbType.Integer,
        [31] = NpgsqlDbType.TimestampTz,
    };
}
