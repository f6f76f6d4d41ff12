-- An id names one transaction, of one tenant; entries lie with it.
select min(tenant_id) as tenant_id, format('transaction %s: tenants', id) as subject, 1::bigint as expected, count(*) as found
from ledger_transactions group by id having count(*) > 1
union all
select e.tenant_id, format('transaction %s: its row', e.transaction_id), 1, 0
from (select distinct tenant_id, transaction_id from ledger_entries) e
where not exists (select from ledger_transactions t where t.tenant_id = e.tenant_id and t.id = e.transaction_id)
