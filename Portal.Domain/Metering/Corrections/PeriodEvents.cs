using System.Text;
using Portal.Domain.Data;
using Portal.Domain.Metering.Counters;
using Portal.Domain.Metering.Intake;
using Portal.Domain.Metering.Meters;
using Portal.Domain.Wallet;

namespace Portal.Domain.Metering.Corrections;

/// <summary>An event of a period as it stands, measured.</summary>
/// <param name="Key">Its identity.</param>
/// <param name="TransactionId">The transaction that holds it.</param>
/// <param name="Ordinal">Its place there.</param>
/// <param name="Credits">What it draws now; not 0 of a voided one where its period's price still charges for the rest.</param>
/// <param name="Voided">It counts no more.</param>
/// <param name="Usage">It, measured again.</param>
internal sealed record PeriodEvent(Guid Key, Guid TransactionId, int Ordinal, decimal Credits, bool Voided, UsageEvent Usage);

/// <summary>Reads the events of a meter and a period, last posted first, a page at a time.</summary>
/// <param name="wallet">The tenant's wallet.</param>
/// <param name="catalogue">What measures them.</param>
/// <param name="meter">Key of the meter.</param>
/// <param name="period">When they happened.</param>
/// <param name="consumerId">Of this consumer alone; 0: of all.</param>
internal sealed class PeriodEvents(WalletTransaction wallet, Catalogue catalogue, string meter, MeteredPeriod period, int consumerId)
{
    private const int Page = 200;

    // Ids carry the time of posting: nothing was posted before it happened, but for the minutes that an event may be ahead.
    private const string Sql = """
        select e.event_key, e.transaction_id, e.ordinal, e.credits + coalesce(s.credits, 0), coalesce(s.voided, false), e.type, e.occurred_at,
          coalesce(l.data, e.data)::text
        from events e
        left join lateral (
          select sum(r.credits) as credits, bool_or(r.kind = 'void') as voided
          from ratings r where r.tenant_id = $1 and r.event_transaction_id = e.transaction_id and r.event_ordinal = e.ordinal) s on true
        left join lateral (
          select r.data from ratings r
          where r.tenant_id = $1 and r.event_transaction_id = e.transaction_id and r.event_ordinal = e.ordinal and r.events = 1
          order by r.id desc limit 1) l on true
        where e.tenant_id = $1 and e.transaction_id >= uuid7_floor($2 - interval '5 minutes') and e.occurred_at >= $2 and e.occurred_at < $3
          and (e.meter = $4 or (e.meter is null and exists (
            select from ratings m where m.tenant_id = $1 and m.event_transaction_id = e.transaction_id and m.event_ordinal = e.ordinal and m.meter = $4)))
          and not exists (select from outcome_case_events o where o.tenant_id = $1 and o.event_key = e.event_key) -- work of a case costs and counts for nothing
          and ($5 = 0 or e.consumer_id = $5) and (e.transaction_id, e.ordinal) < ($6, $7)
        order by e.transaction_id desc, e.ordinal desc limit $8
        """;

    private readonly EventMeasuring measuring = new(catalogue);

    public async IAsyncEnumerable<PeriodEvent> ReadAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var (transaction, ordinal) = (Guid.AllBitsSet, int.MaxValue);
        while (true)
        {
            var page = await wallet.Connection.ListAsync(
                Sql, row => new PeriodEvent(row.GetGuid(0), row.GetGuid(1), row.GetInt32(2), row.GetDecimal(3), row.GetBoolean(4), new UsageEvent
                {
                    Index = 0,
                    Type = row.GetString(5),
                    OccurredAt = row.GetFieldValue<DateTimeOffset>(6),
                    Data = Encoding.UTF8.GetBytes(row.GetString(7)),
                }), cancellationToken, wallet.TenantId, period.StartsAt, period.EndsAt, meter, consumerId, transaction, ordinal, Page);
            foreach (var found in page)
            {
                measuring.Measure(found.Usage, wallet.Directory);
                yield return found;
            }

            if (page.Count < Page) yield break;
            (transaction, ordinal) = (page[^1].TransactionId, page[^1].Ordinal);
        }
    }
}
