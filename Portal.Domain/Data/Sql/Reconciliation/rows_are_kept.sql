select null::bigint as tenant_id, format('%s: trigger append_only', t) as subject, 'in force' as expected,
  case when exists (
    select from pg_trigger g where g.tgrelid = t and g.tgname = 'append_only' and g.tgenabled in ('O', 'A')
      and g.tgfoid = 'refuse_change'::regproc and g.tgtype & 58 = 58 -- before update, delete, truncate
  ) then 'in force' else 'not in force' end as found
from append_only_tables() t
union all
select null, 'ledger_entries: trigger ledger_entries_weigh', 'in force',
  case when exists (
    select from pg_trigger g where g.tgrelid = 'ledger_entries'::regclass and g.tgfoid = 'ledger_entries_weigh'::regproc and g.tgenabled in ('O', 'A')
  ) then 'in force' else 'not in force' end
union all
select null, 'ledger_transactions: trigger book_dates_are_open', 'in force',
  case when exists (
    select from pg_trigger g where g.tgrelid = 'ledger_transactions'::regclass and g.tgfoid = 'book_dates_are_open'::regproc and g.tgenabled in ('O', 'A')
  ) then 'in force' else 'not in force' end
union all
select null, format('%s: %s by %s', t, privilege, role), 'refused',
  case when has_table_privilege(role, t, privilege) or (privilege = 'update' and has_any_column_privilege(role, t, privilege)) then 'allowed' else 'refused' end
from append_only_tables() t, unnest(array['update', 'delete', 'truncate']) privilege, unnest(array['portal_app', 'portal_page']) role
