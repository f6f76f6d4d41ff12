select null::bigint as tenant_id, format('%s: trigger append_only', t) as subject, 'in force' as expected,
  case when exists (
    select from pg_trigger g where g.tgrelid = t and g.tgname = 'append_only' and g.tgenabled in ('O', 'A')
      and g.tgfoid = 'refuse_change'::regproc and g.tgtype & 58 = 58 -- before update, delete, truncate
  ) then 'in force' else 'not in force' end as found
from append_only_tables() t
union all
select null, format('%s: trigger %s', k.on_table, k.tells), 'in force',
  case when exists (
    select from pg_trigger g where g.tgrelid = k.on_table::regclass and g.tgfoid = k.tells::regproc and g.tgenabled in ('O', 'A')
  ) then 'in force' else 'not in force' end
from (values ('ledger_entries', 'ledger_entries_weigh'), ('ledger_entries', 'transactions_are_there'), ('draws', 'transactions_are_there'),
             ('ledger_transactions', 'book_dates_are_open')) k(on_table, tells)
union all
select null, format('%s: %s by %s', t, privilege, role), 'refused',
  case when has_table_privilege(role, t, privilege) or (privilege = 'update' and has_any_column_privilege(role, t, privilege)) then 'allowed' else 'refused' end
from append_only_tables() t, unnest(array['update', 'delete', 'truncate']) privilege, unnest(array['portal_app', 'portal_page']) role
