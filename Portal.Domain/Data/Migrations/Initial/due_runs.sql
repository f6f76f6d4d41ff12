-- Runs over the wallets for which something fell due: expiries, renewals, invoices. Nodes that settle at the same time share one.
create table due_runs (
  id               uuid primary key,
  due_until        timestamptz not null,                -- business time: what fell due until then
  started_at       timestamptz not null default now(),  -- real time, as how long it takes is
  finished_at      timestamptz,
  wallets          int not null default 0,              -- as counted when it finished: tenants that were done are no longer listed then
  failed           int not null default 0,
  invoices         int not null default 0
);
create unique index due_runs_open on due_runs ((true)) where finished_at is null;

-- One wallet of a run. It is done in the transaction that settles the wallet, so that a kill repeats nothing and skips nothing.
create table due_run_tenants (
  tenant_id        bigint not null,
  run_id           uuid not null references due_runs on delete cascade,
  state            text not null default 'waiting' check (state in ('waiting', 'done', 'failed')),
  invoices         int not null default 0,              -- that it finalised
  error            text,
  primary key (tenant_id, run_id),
  check ((state = 'failed') = (error is not null))
);
create index due_run_tenants_run on due_run_tenants (run_id, tenant_id);
create index due_run_tenants_waiting on due_run_tenants (run_id, tenant_id) where state = 'waiting';
