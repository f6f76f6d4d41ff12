select coalesce(a.tenant_id, d.tenant_id) as tenant_id, format('account %s', coalesce(a.account, d.account)) as subject,
  -coalesce(d.open, 0.000000000) as expected, coalesce(a.balance, 0.000000000) as found
from (select * from ledger_accounts where account like 'debt:%' and unit = 'CREDIT') a
full join (
  select d.tenant_id, 'debt:' || p.key as account, sum(d.open) as open
  from debts d join pools p on p.tenant_id = d.tenant_id and p.pool_id = d.pool_id group by d.tenant_id, p.key
) d on d.tenant_id = a.tenant_id and d.account = a.account
union all
select w.tenant_id, format('debt %s/%s: drawn', w.transaction_id, w.line), w.to_credits - w.from_credits, coalesce(d.amount, 0.000000000)
from draws w
left join debts d on d.tenant_id = w.tenant_id and d.transaction_id = w.transaction_id and d.line = w.line
where w.kind = 'debt'
