-- Work that takes longer than a request: what is to be done, how far it is, what it came to.
create table operations (
  id               uuid primary key,
  kind             text not null check (kind in ('late_rating', 'rerate', 'rerate_preview', 'version_preview')),
  state            text not null default 'queued' check (state in ('queued', 'running', 'succeeded', 'failed')),
  parameters       json not null,
  actor            text not null,
  prepared         boolean not null default false,      -- its tenants stand below
  result           jsonb,
  error            jsonb,
  created_at       timestamptz not null,
  started_at       timestamptz,
  finished_at      timestamptz,
  check ((state in ('succeeded', 'failed')) = (finished_at is not null)),
  check ((state = 'failed') = (error is not null))
);
create index operations_open on operations (created_at, id) where state in ('queued', 'running');

-- Its part in one tenant. A chunk moves it on in the transaction that does the chunk, so that a kill repeats nothing and skips nothing.
create table operation_tenants (
  tenant_id        bigint not null,
  operation_id     uuid not null references operations,
  total            bigint not null,                     -- events to look at, as counted before it began
  done             bigint not null default 0,           -- events looked at
  after_transaction uuid not null default '00000000-0000-0000-0000-000000000000',   -- the last event looked at
  after_ordinal    int not null default -1,
  figures          jsonb not null default '{}',         -- what it came to so far
  finished         boolean not null default false,
  primary key (tenant_id, operation_id)
);
create index operation_tenants_operation on operation_tenants (operation_id, tenant_id);
