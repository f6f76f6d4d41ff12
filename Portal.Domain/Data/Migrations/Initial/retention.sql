-- Retention: whole months of events, with all their ratings, leave the tables for the schema "retired" once sealed_months holds their
-- sums. Balances, ledger, draws, invoices and rollups stay. Runs as the owner; the schema is the owner's alone.
create schema retired;

create function retire_events() returns date language plpgsql security definer set search_path = public, pg_temp as $$
declare
  settings record;
  month timestamptz;
  next_month timestamptz;
  name text;
  in_debt boolean;
begin
  perform pg_advisory_xact_lock(hashtext('retire_events'));
  select now() + clock_offset as now, events_kept, events_retired_to, greatest(event_window * 2, interval '400 days') as remembered into settings from platform;
  select min(relname::text) into name from pg_class c join pg_inherits i on i.inhrelid = c.oid
    where i.inhparent = 'events'::regclass and relname ~ '^events_[0-9]{6}$';
  if settings.events_kept is null or name is null then return null; end if;
  month := to_date(right(name, 6), 'YYYYMM')::timestamp at time zone 'UTC';
  next_month := (month at time zone 'UTC' + interval '1 month') at time zone 'UTC';
  -- Identities go with their events, so these stay for as long as identities must be remembered.
  if next_month + greatest(settings.events_kept, settings.remembered) > settings.now then return null; end if;
  -- A debt that is open is still to be attributed to the events that made it.
  execute format($sql$
    select exists (select from debts d where d.to_credits > d.from_credits and d.product is not null and (d.transaction_id < $1 or exists (
      select from ratings r join %I e on e.tenant_id = r.tenant_id and e.transaction_id = r.event_transaction_id and e.ordinal = r.event_ordinal
      where r.tenant_id = d.tenant_id and r.transaction_id = d.transaction_id)))
    $sql$, name) using uuid7_floor(next_month) into in_debt;
  if in_debt then return null; end if;
  perform seal_events(name, (month at time zone 'UTC')::date, uuid7_floor(next_month));

  execute format('create table retired.%I as select r.* from ratings r join %I e on e.tenant_id = r.tenant_id and e.transaction_id = r.event_transaction_id and e.ordinal = r.event_ordinal',
    replace(name, 'events', 'ratings'), name);
  perform set_config('portal.retiring', 'on', true);
  execute format('delete from ratings r using %I e where e.tenant_id = r.tenant_id and e.transaction_id = r.event_transaction_id and e.ordinal = r.event_ordinal', name);
  execute format('delete from event_identities i using %I e where e.tenant_id = i.tenant_id and e.event_key = i.event_key', name);
  perform set_config('portal.retiring', 'off', true);
  execute format('alter table events detach partition %I', name);
  execute format('revoke all on %I from portal_app, portal_page', name);
  execute format('alter table %I set schema retired', name);
  update platform set events_retired_to = next_month;
  return (month at time zone 'UTC')::date;
end $$;

-- What a month came to, by tenant, as the rollups count it (Data/Sql/Reconciliation/rollups.sql).
create function seal_events(name text, month date, bound uuid) returns void language plpgsql as $$
begin
  execute format($sql$
    insert into sealed_months (tenant_id, month, rows, events, quantity, credits, revenue, money, cost, cost_unknown, digest)
    select e.tenant_id, $1, sum(e.rows), sum(e.events), sum(e.quantity), sum(e.credits), sum(e.revenue), sum(e.money), sum(e.cost), sum(e.unknown),
      (select sha256(string_agg(t.digest, ''::bytea order by t.transaction_id)) from (
        select x.transaction_id, sha256(string_agg(sha256(convert_to(x::text, 'UTF8')), ''::bytea order by x.ordinal)) as digest
        from %1$I x where x.tenant_id = e.tenant_id group by x.transaction_id) t)
    from (
      select tenant_id, 1 as rows, rated::int as events, case when rated then quantity else 0 end as quantity, credits, revenue, money, coalesce(cost, 0) as cost,
        (rated and cost is null)::int as unknown
      from %1$I
      union all
      select r.tenant_id, 0, r.events, r.quantity, r.credits, r.revenue, r.money, coalesce(r.cost, 0), case when r.cost is null then r.events else 0 end
      from ratings r join %1$I e on e.tenant_id = r.tenant_id and e.transaction_id = r.event_transaction_id and e.ordinal = r.event_ordinal
    ) e group by e.tenant_id
    $sql$, name) using month;
  execute format($sql$
    insert into sealed_postings (tenant_id, month, transaction_id, kind, pool_named_id, product, cost_currency, credits, revenue, cost)
    select r.tenant_id, $1, r.transaction_id, r.kind, e.pool_named_id, coalesce(e.product, l.product, ''), coalesce(r.cost_currency, ''), sum(r.credits), sum(r.revenue),
      sum(coalesce(r.cost, 0))
    from ratings r
    join %1$I e on e.tenant_id = r.tenant_id and e.transaction_id = r.event_transaction_id and e.ordinal = r.event_ordinal
    left join ratings l on e.meter is null and l.kind = 'late_rating'
      and l.tenant_id = e.tenant_id and l.event_transaction_id = e.transaction_id and l.event_ordinal = e.ordinal
    where r.transaction_id >= $2 group by 1, 2, 3, 4, 5, 6, 7
    $sql$, name) using month, bound;
end $$;
