-- Identity of events, remembered longer than their storage. The primary key decides.
create table event_identities (
  tenant_id        bigint not null,
  event_key        uuid not null,                       -- a pure function of (source, id)
  digest           bigint not null,                     -- of type, subject, time and data
  transaction_id   uuid not null,
  ordinal          int not null,
  primary key (tenant_id, event_key)
);

-- A fact with its first rating; never updated. What happens to it later is a row of ratings.
create table events (
  tenant_id        bigint not null,
  transaction_id   uuid not null,                       -- UUIDv7 of posted_at: the partition's key
  ordinal          int not null,                        -- place in its transaction
  event_key        uuid not null,
  source           text not null,
  event_id         text not null,
  type             text not null,
  occurred_at      timestamptz not null,
  consumer_id      int not null,                        -- 0: none
  team_id          int not null,                        -- 0: none; the consumer's at occurred_at
  pool_named_id    int not null,
  meter            text,                                -- null: no meter matched
  product          text,
  rated            boolean not null,                    -- false: kept as unrated
  rate_version_id  int,
  cost_version_id  int,
  quantity         numeric(28,9) not null,
  credits          numeric(28,9) not null,
  revenue          numeric(28,9) not null,              -- in the tenant's currency: value drawn, overage and money accrued
  money            numeric(28,9) not null,              -- the part of it that was priced in money
  cost             numeric(28,9),                       -- null: unknown, never 0
  cost_currency    char(3),
  data             json not null,                       -- kept properties
  counters         json,                                -- where the counters of its lines stood: [[before, after], null]
  primary key (tenant_id, transaction_id, ordinal)
) partition by range (transaction_id);
create table events_other partition of events default;
create index events_unrated on events (tenant_id, transaction_id, ordinal) where not rated;

create table ratings (
  tenant_id        bigint not null,
  id               uuid not null,
  transaction_id   uuid not null,                       -- the ledger transaction that booked it
  event_transaction_id uuid,                            -- the event; null for ratings made when a period closes
  event_ordinal    int,
  kind             text not null check (kind in ('late_rating', 'settlement', 'void', 'amend', 'rerate', 'reprice', 'period')),
  rate_version_id  int,
  events           int not null default 0,              -- added to the count: 1, 0, or -1
  quantity         numeric(28,9) not null default 0,
  credits          numeric(28,9) not null,
  revenue          numeric(28,9) not null,
  money            numeric(28,9) not null default 0,
  cost             numeric(28,9),                       -- null: unknown, for as many events as the row adds
  cost_currency    char(3),
  data             json,                                -- the properties rated, when they are not the event's own
  detail           jsonb,
  meter            text,                                -- of a late rating: what measures its event by now; and of a rating without an event
  product          text,
  pool_named_id    int,                                 -- from here on: of a rating without an event
  consumer_id      int,
  occurred_at      timestamptz,
  check (event_transaction_id is not null or (meter is not null and product is not null and pool_named_id is not null and consumer_id is not null and occurred_at is not null)),
  primary key (tenant_id, id)
);
create index ratings_event on ratings (tenant_id, event_transaction_id, event_ordinal);
create unique index ratings_period on ratings (tenant_id, (detail ->> 'key')) where kind = 'period';
create index ratings_transaction on ratings (tenant_id, transaction_id);

-- Events with what measures them: their own meter, or the one that their late rating found.
create view measured_events as
  select e.*, coalesce(e.meter, l.meter) as measured_by, coalesce(e.product, l.product) as measured_product
  from events e
  left join ratings l on e.meter is null and l.kind = 'late_rating'
    and l.tenant_id = e.tenant_id and l.event_transaction_id = e.transaction_id and l.event_ordinal = e.ordinal;

-- Usage by hour on the tenant's clocks; 0 and '' stand for none.
create table usage_hourly (
  tenant_id        bigint not null,
  hour             timestamptz not null,                -- the UTC instant at which the hour begins
  team_id          int not null,
  pool_id          int not null,                        -- drawn
  pool_named_id    int not null,
  consumer_id      int not null,
  product          text not null,
  model            text not null,
  token_type       text not null,
  tier             text not null,
  cost_currency    text not null,
  events           bigint not null,
  quantity         numeric(28,9) not null,
  credits          numeric(28,9) not null,
  revenue          numeric(28,9) not null,
  cost             numeric(28,9) not null,
  cost_unknown     bigint not null,                     -- events whose cost is unknown
  primary key (tenant_id, hour, team_id, pool_id, pool_named_id, consumer_id, product, model, token_type, tier, cost_currency)
) with (fillfactor = 50);

-- Months of events that were retired (retention.sql), with what these and all their ratings came to.
create table sealed_months (
  tenant_id        bigint not null,
  month            date not null,                       -- of posted_at, UTC
  rows             bigint not null,                     -- events, rated or not
  events           bigint not null,                     -- that counted
  quantity         numeric(28,9) not null,
  credits          numeric(28,9) not null,
  revenue          numeric(28,9) not null,
  money            numeric(28,9) not null,
  cost             numeric(28,9) not null,
  cost_unknown     bigint not null,
  digest           bytea not null,                      -- SHA-256 of the digests of its transactions' rows, in order
  primary key (tenant_id, month)
);

-- What ratings of retired events booked in transactions of later months.
create table sealed_postings (
  tenant_id        bigint not null,
  month            date not null,
  transaction_id   uuid not null,
  kind             text not null,
  pool_named_id    int not null,
  product          text not null,
  cost_currency    text not null,                       -- '' for none
  credits          numeric(28,9) not null,
  revenue          numeric(28,9) not null,
  cost             numeric(28,9) not null,
  primary key (tenant_id, month, transaction_id, kind, pool_named_id, product, cost_currency)
);
