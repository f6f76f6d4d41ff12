-- What leaves one tenant enters another.
select null::bigint as tenant_id, format('external:move of all tenants, %s', unit) as subject, 0.000000000 as expected, sum(balance) as found
from ledger_accounts where account in ('external:move', 'moved') group by unit
