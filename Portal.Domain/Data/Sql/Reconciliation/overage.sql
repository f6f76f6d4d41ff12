-- Overage that no invoice has taken yet. What was taken back of a period that is invoiced goes to `issued`, and its charge waits beside.
select coalesce(a.tenant_id, c.tenant_id) as tenant_id, format('account %s', coalesce(a.account, c.account)) as subject,
  -coalesce(c.credits, 0.000000000) as expected, coalesce(a.balance, 0.000000000) as found
from (select * from ledger_accounts where account like 'overage:%' and unit = 'CREDIT') a
full join (
  select tenant_id, 'overage:' || split_part(item, ' ', 1) as account, sum(credits) as credits from charges c
  where kind = 'overage' and invoice_id is null
    and not exists (select 1 from charges i where i.tenant_id = c.tenant_id and i.kind = 'overage' and i.item = c.item
                      and i.period_starts_at = c.period_starts_at and i.invoice_id is not null)
  group by 1, 2
) c on c.tenant_id = a.tenant_id and c.account = a.account
union all
-- Charges of overage are what was drawn and not taken back.
select coalesce(c.tenant_id, d.tenant_id), format('overage of pool %s', coalesce(c.pool, d.pool)), coalesce(d.credits, 0.000000000), coalesce(c.credits, 0.000000000)
from (select tenant_id, split_part(item, ' ', 1) as pool, sum(credits) as credits from charges where kind = 'overage' group by 1, 2) c
full join (
  select d.tenant_id, p.key as pool, sum(d.to_credits - d.from_credits - coalesce(r.credits, 0)) as credits
  from draws d
  join pools p on p.tenant_id = d.tenant_id and p.pool_id = d.pool_id
  left join (
    select tenant_id, draw_transaction_id, draw_line, sum(to_credits - from_credits) as credits from returns group by 1, 2, 3
  ) r on r.tenant_id = d.tenant_id and r.draw_transaction_id = d.transaction_id and r.draw_line = d.line
  where d.kind = 'overage' group by d.tenant_id, p.key
) d on d.tenant_id = c.tenant_id and d.pool = c.pool
