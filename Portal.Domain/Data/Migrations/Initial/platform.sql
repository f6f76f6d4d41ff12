-- One row each: what the whole platform shares.
create table platform (
  id                 smallint primary key default 1 check (id = 1),
  name               text not null default 'Portal',
  reporting_zone     text not null default 'UTC',      -- IANA; book dates are dates on this calendar
  reporting_currency text not null default 'USD',
  clock_offset       interval not null default '0',    -- the sandbox's test clock: business time minus real time
  catalogue_version  bigint not null default 1,        -- grows with every change of meters, cards, products
  event_window       interval not null default '35 days',
  events_kept        interval default '25 months' check (events_kept >= interval '400 days'), -- whole months older than that are retired; null: never
  events_retired_to  timestamptz,                       -- events posted before then are retired; null: none so far
  returned_credits   text not null default 'expire' check (returned_credits in ('expire', 'regrant')),
  tenant_keys_write_usage boolean not null default false,
  return_origins     text[] not null default '{}',     -- origins that a checkout may return to
  locked_until       date not null default '0001-01-01' -- months before this first day are locked
);
insert into platform default values;

-- What the first answer to a POST was, for its repeats. Tenant 0 is the platform's own.
create table idempotency_keys (
  tenant_id   bigint not null,
  api_key_id  uuid not null,
  route       text not null,
  key         text not null,
  digest      bytea not null,
  status      int not null,
  location    text,
  body        text not null,
  created_at  timestamptz not null default now(),
  primary key (tenant_id, api_key_id, route, key)
);
create index idempotency_keys_age on idempotency_keys (created_at);

-- What has to leave the database: mail, provider calls, webhooks. Drained by a job.
create table outbox (
  tenant_id   bigint not null,
  id          uuid not null,
  kind        text not null,
  payload     jsonb not null,
  created_at  timestamptz not null default now(),
  due_at      timestamptz not null default now(),
  attempts    int not null default 0,
  done_at     timestamptz,
  failed_at   timestamptz,
  error       text,
  primary key (tenant_id, id)
);
create index outbox_due on outbox (due_at) where done_at is null and failed_at is null;

create table audit (
  tenant_id   bigint not null,
  id          uuid not null,
  at          timestamptz not null,
  actor       text not null,
  action      text not null,
  subject     text,
  detail      jsonb,
  primary key (tenant_id, id)
);

create table reconciliation_runs (
  id          uuid primary key,
  as_of       timestamptz not null,
  ok          boolean not null,
  checks      jsonb not null
);

-- The smallest UUIDv7-shaped value of an instant: a bound for ranges of ids.
create function uuid7_floor(instant timestamptz) returns uuid language sql immutable strict as $$
  select (lpad(to_hex(floor(extract(epoch from instant) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
$$;
