-- Nothing invoices overage yet, so all that was drawn and not taken back stands.
select coalesce(a.tenant_id, d.tenant_id) as tenant_id, format('account %s', coalesce(a.account, d.account)) as subject,
  -coalesce(d.credits, 0.000000000) as expected, coalesce(a.balance, 0.000000000) as found
from (select * from ledger_accounts where account like 'overage:%' and unit = 'CREDIT') a
full join (
  select d.tenant_id, 'overage:' || p.key as account, sum(d.to_credits - d.from_credits - coalesce(r.credits, 0)) as credits
  from draws d
  join pools p on p.tenant_id = d.tenant_id and p.pool_id = d.pool_id
  left join (
    select tenant_id, draw_transaction_id, draw_line, sum(to_credits - from_credits) as credits from returns group by 1, 2, 3
  ) r on r.tenant_id = d.tenant_id and r.draw_transaction_id = d.transaction_id and r.draw_line = d.line
  where d.kind = 'overage' group by d.tenant_id, p.key
) d on d.tenant_id = a.tenant_id and d.account = a.account
