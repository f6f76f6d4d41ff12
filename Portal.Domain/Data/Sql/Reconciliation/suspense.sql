-- Money whose owner or cause nobody knows yet: listed until people have said.
select tenant_id, format('suspense, %s', unit) as subject, 0.000000000 as expected, balance as found
from ledger_accounts where account = 'suspense'
