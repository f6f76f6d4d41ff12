-- What prices that look at a whole period have come to (Metering/Counters). A unit "cost:USD" counts what the platform is charged for.
create table price_counters (
  tenant_id        bigint not null,
  period_start     timestamptz not null,
  meter            text not null,
  match            text not null,                       -- of the rate, as JSON, names in order
  unit             text not null,
  consumer_id      int not null,                        -- 0: all of the tenant's usage
  quantity         numeric(28,9) not null check (quantity >= 0),
  primary key (tenant_id, period_start, meter, match, unit, consumer_id)
) with (fillfactor = 50);

-- Digests of values that count once in a period; of levels (unit "hour"), in an hour.
create table counted_values (
  tenant_id        bigint not null,
  period_start     timestamptz not null,
  meter            text not null,
  match            text not null,
  unit             text not null,
  consumer_id      int not null,
  value            uuid not null,
  primary key (tenant_id, period_start, meter, match, unit, consumer_id, value)
);

-- Levels by hour on the tenant's clocks, of what they were observed for.
create table gauge_hours (
  tenant_id        bigint not null,
  meter            text not null,
  hour             timestamptz not null,
  dimensions       text not null,
  consumer_id      int not null,                        -- 0: none
  greatest         numeric(28,9) not null,
  latest           numeric(28,9) not null,
  latest_at        timestamptz not null,
  primary key (tenant_id, meter, hour, dimensions, consumer_id)
) with (fillfactor = 50);

-- Periods in which something is left to rate when they close.
create table metered_periods (
  tenant_id        bigint not null,
  starts_at        timestamptz not null,
  ends_at          timestamptz not null,
  closed_at        timestamptz,                         -- when it was rated; what comes later is late
  due              boolean not null,                    -- something is left to rate
  primary key (tenant_id, starts_at)
);
create index metered_periods_due on metered_periods (tenant_id) where due;
