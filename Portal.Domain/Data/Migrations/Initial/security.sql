-- Runs last and loops over what is there, so that a new table needs no line of its own unless it is append-only.

-- Invariant 2: rows that are never updated or deleted, but for what retire_events takes away; no role of the application may delete.
create function refuse_change() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' and tg_table_name in ('ratings', 'event_identities') and current_setting('portal.retiring', true) = 'on' then return null; end if;
  raise exception '%: rows are never changed or deleted', tg_table_name using errcode = 'insufficient_privilege';
end $$;

create function make_append_only(target regclass) returns void language plpgsql as $$
begin
  execute format('create trigger append_only before update or delete or truncate on %s for each statement execute function refuse_change()', target);
  execute format('revoke update, delete, truncate on %s from portal_app', target);
end $$;

-- Whole months of events, ahead of their need. Runs as the owner; does nothing but create what is missing.
create function ensure_event_partitions(first_month timestamptz, last_month timestamptz) returns int
  language plpgsql security definer set search_path = public, pg_temp as $$
declare
  month timestamp := date_trunc('month', first_month at time zone 'UTC');
  name text;
  made int := 0;
begin
  if last_month > first_month + interval '10 years' then raise exception 'more than ten years of partitions'; end if;
  while month <= last_month at time zone 'UTC' loop
    name := 'events_' || to_char(month, 'YYYYMM');
    if to_regclass(name) is null then
      execute format('create table %I partition of events for values from (%L) to (%L)', name,
        uuid7_floor(month at time zone 'UTC'), uuid7_floor((month + interval '1 month') at time zone 'UTC'));
      perform make_append_only(name::regclass);
      made := made + 1;
    end if;
    month := month + interval '1 month';
  end loop;
  return made;
end $$;

-- The application may read and write everything but what follows.
grant usage on schema public to portal_app, portal_page;
grant select, insert, update, delete on all tables in schema public to portal_app;
grant usage, select on all sequences in schema public to portal_app;
revoke execute on function ensure_event_partitions(timestamptz, timestamptz), make_append_only(regclass), retire_events(), seal_events(text, date, uuid) from public;
grant execute on function ensure_event_partitions(timestamptz, timestamptz), retire_events() to portal_app;
alter default privileges in schema public grant select, insert, update, delete on tables to portal_app;
alter default privileges in schema public grant usage, select on sequences to portal_app;

-- Invariant 2 holds for these and for every month of events; reconciliation looks whether it does.
create function append_only_tables() returns setof regclass language sql stable as $$
  select t::regclass from unnest(array[
  'ledger_transactions', 'ledger_entries', 'locked_months', 'draws', 'returns', 'chargeback_settlements', 'moves', 'move_parts', 'events', 'events_other', 'event_identities', 'ratings', 'audit', 'sealed_months', 'sealed_postings',
  'rate_card_versions', 'cost_card_versions', 'plan_versions', 'subscription_periods', 'subscription_terms', 'invoice_documents', 'credit_notes', 'credit_note_lines', 'invoice_lines', 'invoice_events', 'invoice_numbers', 'outcome_rule_versions', 'outcome_case_events'
]) t
  union select inhrelid::regclass from pg_inherits where inhparent = 'events'::regclass
$$;
select make_append_only(t) from append_only_tables() t;
select ensure_event_partitions(now() - interval '1 month', now() + interval '3 months');

-- Pages read as portal_page with app.tenant set: the second fence behind their queries. Tables that are filled by COPY
-- cannot carry policies, so pages read events through a view.
do $$
declare target text;
begin
  for target in
    select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id'
    where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and not c.relispartition
      and c.relname not in ('event_identities', 'idempotency_keys', 'outbox', 'operation_tenants', 'due_run_tenants')
  loop
    execute format('alter table %I enable row level security', target);
    execute format('create policy application on %I to portal_app using (true) with check (true)', target);
    execute format('create policy page on %I for select to portal_page using (tenant_id = current_setting(''app.tenant'')::bigint)', target);
    execute format('grant select on %I to portal_page', target);
  end loop;
end $$;
create view tenant_events with (security_barrier) as
  select * from events where tenant_id = current_setting('app.tenant')::bigint;
grant select on tenant_events to portal_page;
revoke select on api_keys from portal_page;
grant select (tenant_id, id, name, hint, scopes, consumer_id, created_at, created_by, last_used_at, revoked_at) on api_keys to portal_page;
revoke select on payment_methods from portal_page;
grant select (tenant_id, id, provider, state, label, expires_on, is_default, created_at, created_by, saved_at, removed_at) on payment_methods to portal_page;
revoke select on members from portal_page;
grant select (tenant_id, id, user_id, email, role, invited_at, invited_by, joined_at, removed_at) on members to portal_page;
revoke select on webhook_endpoints from portal_page;
grant select (tenant_id, id, url, types, description, old_secret_until, state, reason, failing_since, created_at, created_by) on webhook_endpoints to portal_page;
-- The catalogue and the clock are the platform's: every page may read them.
grant select on platform, products, packs, coupons, plans, plan_versions, meters, rate_cards, rate_card_versions, cost_cards, cost_card_versions to portal_page;
grant select on dated_terms to portal_page;
grant select on fx_rates, legal_entities, tax_rates, outcome_rules, outcome_rule_versions to portal_page;
