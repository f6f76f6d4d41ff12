-- What is earned or due is on an invoice that was finalised, or is a charge that waits for one.
select coalesce(a.tenant_id, c.tenant_id) as tenant_id, format('account unbilled, %s', coalesce(a.unit, c.currency)) as subject,
  coalesce(c.amount, 0.000000000) as expected, coalesce(a.balance, 0.000000000) as found
from (select * from ledger_accounts where account = 'unbilled') a
full join (
  select tenant_id, currency::text as currency, sum(amount) as amount from charges where invoice_id is null group by tenant_id, currency
) c on c.tenant_id = a.tenant_id and c.currency = a.unit
union all
-- Charges of usage are what its ratings accrued.
select coalesce(c.tenant_id, r.tenant_id), 'charges of usage', coalesce(r.money, 0.000000000), coalesce(c.amount, 0.000000000)
from (select tenant_id, sum(amount) as amount from charges where kind = 'usage' group by tenant_id) c
full join (
  select tenant_id, sum(money) as money from (
    select tenant_id, sum(money) as money from events group by tenant_id
    union all select tenant_id, sum(money) from ratings group by tenant_id
    union all select tenant_id, sum(money) from sealed_months group by tenant_id
  ) m group by tenant_id having sum(money) <> 0
) r on r.tenant_id = c.tenant_id
