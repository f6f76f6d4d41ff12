select tenant_id, format('transaction %s, %s', transaction_id, unit) as subject, 0.000000000 as expected, sum(amount) as found
from ledger_entries group by tenant_id, transaction_id, unit
