-- What keeps a pool filled.
create table auto_top_ups (
  tenant_id        bigint not null,
  pool_id          int not null,
  threshold        numeric(28,9) not null check (threshold >= 0),
  target           numeric(28,9) not null check (target > threshold),
  pack             text not null,
  daily_cap        numeric(28,9) check (daily_cap > 0),     -- money, tax included
  monthly_cap      numeric(28,9) check (monthly_cap > 0),
  declines         int not null default 0,              -- since the last success
  waits_until      timestamptz,
  off_at           timestamptz,                         -- when it switched itself off
  failure          text,
  primary key (tenant_id, pool_id),
  foreign key (tenant_id, pool_id) references pools
);

create index checkouts_automatic on checkouts (tenant_id, pool_id, created_at) where automatic;
create index checkouts_unsent on checkouts (created_at) where automatic and state = 'open';
