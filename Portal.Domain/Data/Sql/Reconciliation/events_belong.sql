-- An event and a rating belong to a transaction that is there, an event to the identity that claims it.
select e.tenant_id, format('event %s/%s: its transaction', e.transaction_id, e.ordinal) as subject, 'there' as expected,
  case when t.id is null then 'missing' else 'there' end as found
from events e left join ledger_transactions t on t.tenant_id = e.tenant_id and t.id = e.transaction_id
union all
select e.tenant_id, format('event %s/%s: its identity', e.transaction_id, e.ordinal), 'there', case when i.tenant_id is null then 'missing' else 'there' end
from events e
left join event_identities i
  on i.tenant_id = e.tenant_id and i.event_key = e.event_key and i.transaction_id = e.transaction_id and i.ordinal = e.ordinal
union all
select r.tenant_id, format('rating %s: its transaction', r.id), 'there', case when t.id is null then 'missing' else 'there' end
from ratings r left join ledger_transactions t on t.tenant_id = r.tenant_id and t.id = r.transaction_id
union all
select r.tenant_id, format('rating %s: its event', r.id), 'there', case when e.tenant_id is null then 'missing' else 'there' end
from ratings r left join events e on e.tenant_id = r.tenant_id and e.transaction_id = r.event_transaction_id and e.ordinal = r.event_ordinal
where r.event_transaction_id is not null
