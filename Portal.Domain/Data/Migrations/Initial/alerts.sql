-- What a tenant wants to be told of, and whether it was.
create table alerts (
  tenant_id        bigint not null references tenants,
  key              text not null check (key ~ '^[a-z0-9]([a-z0-9_.-]{0,62}[a-z0-9])?$'),
  name             text not null check (length(name) between 1 and 200),
  kind             text not null check (kind in ('balance', 'burn_rate', 'allowance', 'spend')),
  pool_id          int,                                 -- null: all together
  consumer_id      int,                                 -- of an allowance; null: whoever is nearest to its end
  threshold        numeric(28,9) not null check (threshold >= 0),  -- credits; credits in 24 hours; percent of the allowance; money
  channels         text[] not null check (channels <> '{}' and channels <@ array['mail', 'webhook', 'in_app']),
  armed            boolean not null default true,       -- false from when it fired until what it watches has recovered
  value            numeric(28,9),                       -- when last looked at
  fired_at         timestamptz,
  revision         int not null default 1,              -- grows with every change of what it says
  created_at       timestamptz not null,
  created_by       text,
  primary key (tenant_id, key),
  foreign key (tenant_id, pool_id) references pools,
  foreign key (tenant_id, consumer_id) references consumers
);

create table alert_firings (
  tenant_id        bigint not null references tenants,
  id               uuid not null,
  alert            text not null,
  at               timestamptz not null,
  text             text not null,                       -- what it said
  value            numeric(28,9) not null,
  in_app           boolean not null,
  recovered_at     timestamptz,
  primary key (tenant_id, id)
);
create index alert_firings_alert on alert_firings (tenant_id, alert, id);

-- The wallet's version that was last looked at; and which pools had credits then.
create table alert_looks (
  tenant_id        bigint primary key references tenants,
  version          bigint not null,
  at               timestamptz not null,                -- real time
  pools_with_credits int[] not null default '{}'
);
