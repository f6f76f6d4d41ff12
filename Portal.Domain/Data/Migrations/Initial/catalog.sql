-- What is sold. The catalogue belongs to the platform, not to a tenant; every change bumps platform.catalogue_version.
create table products (
  key              text primary key check (key ~ '^[a-z0-9]([a-z0-9_.-]{0,62}[a-z0-9])?$'),
  name             text not null check (length(name) between 1 and 200),
  created_at       timestamptz not null default now()
);

create table packs (
  key              text primary key check (key ~ '^[a-z0-9]([a-z0-9_.-]{0,62}[a-z0-9])?$'),
  name             text not null check (length(name) between 1 and 200),
  active           boolean not null,
  definition       json not null,                       -- as PUT /v1/packs/{key} writes it
  created_at       timestamptz not null default now(),
  updated_at       timestamptz not null default now()
);
insert into products (key, name) values ('credits', 'Credits'); -- of captures that name credits instead of an event

-- What subscriptions are sold. A change is a new version; a subscription keeps the one it was sold.
create table plans (
  key              text primary key check (key ~ '^[a-z0-9]([a-z0-9_.-]{0,62}[a-z0-9])?$'),
  name             text not null check (length(name) between 1 and 200),
  created_at       timestamptz not null default now()
);
create table plan_versions (
  plan             text not null references plans,
  version          int not null check (version > 0),
  definition       json not null,                       -- as PUT /v1/plans/{key} writes it
  published_at     timestamptz not null,
  primary key (plan, version)
);

create table coupons (
  key              text primary key check (key ~ '^[a-z0-9]([a-z0-9_.-]{0,62}[a-z0-9])?$'),
  definition       json not null,                       -- as PUT /v1/coupons/{key} writes it
  created_at       timestamptz not null default now(),
  updated_at       timestamptz not null default now()
);
