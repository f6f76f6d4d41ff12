select coalesce(a.tenant_id, d.tenant_id) as tenant_id, format('account %s', coalesce(a.account, d.account)) as subject,
  -coalesce(d.open, 0.000000000) as expected, coalesce(a.balance, 0.000000000) as found
from (select * from ledger_accounts where account like 'debt:%' and unit = 'CREDIT') a
full join (
  select d.tenant_id, 'debt:' || p.key as account, sum(d.to_credits - d.from_credits) as open
  from debts d join pools p on p.tenant_id = d.tenant_id and p.pool_id = d.pool_id group by d.tenant_id, p.key
) d on d.tenant_id = a.tenant_id and d.account = a.account
union all
-- What was drawn as debt is open, was settled, or was taken back while it was open. What settled those of retired events went with them,
-- and they went when nothing of it was open.
select w.tenant_id, format('debt %s/%s: drawn', w.transaction_id, w.line), w.to_credits - w.from_credits,
  coalesce((select sum(d.to_credits - d.from_credits) from debts d
            where d.tenant_id = w.tenant_id and d.transaction_id = w.transaction_id and d.line = w.line), 0.000000000)
  + coalesce((select sum(r.to_credits - r.from_credits) from returns r
              where r.kind = 'debt' and r.tenant_id = w.tenant_id and r.draw_transaction_id = w.transaction_id and r.draw_line = w.line), 0)
  + coalesce(s.credits, 0)
from draws w
left join (
  select tenant_id, (detail ->> 'transaction')::uuid as transaction_id, (detail ->> 'line')::int as line,
    sum((detail ->> 'to')::numeric - (detail ->> 'from')::numeric) as credits
  from ratings where kind = 'settlement' group by 1, 2, 3
) s on s.tenant_id = w.tenant_id and s.transaction_id = w.transaction_id and s.line = w.line
where w.kind = 'debt' and w.transaction_id >= (select uuid7_floor(coalesce(events_retired_to, 'epoch')) from platform)
  and not exists (select from sealed_postings p where p.tenant_id = w.tenant_id and p.transaction_id = w.transaction_id)
