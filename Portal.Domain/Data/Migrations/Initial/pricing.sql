-- How usage becomes quantities.
create table meters (
  key              text primary key check (key ~ '^[a-z0-9]([a-z0-9_.-]{0,62}[a-z0-9])?$'),
  event_type       text not null check (length(event_type) between 1 and 200),
  product          text not null references products,
  definition       json not null,                       -- as PUT /v1/meters/{key} writes it
  created_at       timestamptz not null default now(),
  updated_at       timestamptz not null default now()
);

-- What customers pay. A version holds all rates in force from its instant; it is never changed.
create table rate_cards (
  key              text primary key check (key ~ '^[a-z0-9]([a-z0-9_.-]{0,62}[a-z0-9])?$'),
  name             text not null check (length(name) between 1 and 200),
  created_at       timestamptz not null default now()
);
create table rate_card_versions (
  id               int generated always as identity primary key,
  card             text not null references rate_cards,
  version          int not null check (version > 0),    -- from 1 in its card
  effective_at     timestamptz not null,
  rates            json not null,                       -- as POST …/versions writes them
  catalogue_version bigint not null,                    -- the first catalogue version that knows it
  published_at     timestamptz not null,
  unique (card, version)
);

-- What the platform pays.
create table cost_cards (
  key              text primary key check (key ~ '^[a-z0-9]([a-z0-9_.-]{0,62}[a-z0-9])?$'),
  name             text not null check (length(name) between 1 and 200),
  created_at       timestamptz not null default now()
);
create table cost_card_versions (
  id               int generated always as identity primary key,
  card             text not null references cost_cards,
  version          int not null check (version > 0),
  effective_at     timestamptz not null,
  rates            json not null,
  catalogue_version bigint not null,
  published_at     timestamptz not null,
  unique (card, version)
);
