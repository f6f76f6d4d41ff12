-- Each lot on its pool's account, by the entries that name it.
select g.tenant_id, format('grant %s: remaining', g.id) as subject, coalesce(e.amount, 0.000000000) as expected, g.remaining as found
from grants g
join pools p on p.tenant_id = g.tenant_id and p.pool_id = g.pool_id
left join (
  select tenant_id, grant_id, account, sum(amount) as amount from ledger_entries where grant_id is not null group by tenant_id, grant_id, account
) e on e.tenant_id = g.tenant_id and e.grant_id = g.id and e.account = 'pool:' || p.key
union all
select tenant_id, format('grant %s: from 0 to its amount', id), least(greatest(remaining, 0), amount), remaining
from grants where remaining < 0 or remaining > amount
union all
select tenant_id, format('grant %s: left when it was closed', id), 0, remaining from grants where not open and remaining <> 0
