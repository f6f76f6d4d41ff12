-- What leaves one tenant enters another; what has left and not arrived is what open moves say.
select null::bigint as tenant_id, format('%s of all tenants, %s', a.account, a.unit) as subject, coalesce(o.amount, 0.000000000) as expected, a.balance as found
from (select account, unit, sum(balance) as balance from ledger_accounts where account in ('external:move', 'moved') group by account, unit) a
left join (
  select 'moved' as account, 'CREDIT' as unit, sum(credits) as amount from open_moves
  union all
  select 'external:move', currency::text, -sum(value) from open_moves group by currency
) o on o.account = a.account and o.unit = a.unit
union all
select m.tenant_id, format('move %s: credits of its parts', m.id), m.credits,
  (select coalesce(sum(p.credits), 0.000000000) from move_parts p where p.tenant_id = m.tenant_id and p.move_id = m.id)
from moves m
union all
select m.tenant_id, format('move %s: value of its parts', m.id), m.value,
  (select coalesce(sum(p.value), 0.000000000) from move_parts p where p.tenant_id = m.tenant_id and p.move_id = m.id)
from moves m
union all
select m.tenant_id, format('move %s: left', m.id), m.credits,
  (select coalesce(sum(e.amount), 0.000000000) from ledger_entries e where e.tenant_id = m.tenant_id and e.transaction_id = m.transaction_id and e.account = 'moved')
from moves m
union all
select m.into_tenant_id, format('move %s: arrived', m.id), m.credits,
  (select coalesce(-sum(e.amount), 0.000000000) from ledger_entries e where e.tenant_id = t.tenant_id and e.transaction_id = t.id and e.account = 'moved')
from moves m join ledger_transactions t on t.tenant_id = m.into_tenant_id and t.idempotency_key = move_key(m.id)
