-- A plan as one tenant has it. What it grants and when follows from the plan's version and the calendar (BillingPeriods).
create table subscriptions (
  tenant_id        bigint not null references tenants,
  id               uuid not null,
  plan             text not null,
  plan_version     int not null,
  state            text not null check (state in ('incomplete', 'trialing', 'active', 'past_due', 'suspended', 'paused', 'cancelled')),
  starts_at        timestamptz not null,
  start_zone       text not null,                       -- the tenant's zone when it was made: its anniversaries are dates of it
  anchor_day       smallint not null check (anchor_day between 1 and 31),
  quantities       json not null default '{}',          -- of seats, by the plan's item
  trial_until      timestamptz check (trial_until > starts_at),
  exhaustion       text not null check (exhaustion in ('block', 'overage')),
  spend_cap        numeric(28,9) check (spend_cap >= 0), -- null: no limit
  overage_price    json,                                -- of the plan's version, per credit; null: none is sold by the credit
  tax_percent      numeric(9,6),                        -- that prices including tax are netted with in the period that runs; null: they are net
  overage_meters   json,                                -- of the plan's version, by meter; null: none is sold by a meter
  currency         char(3) not null,
  period_number    int,                                 -- from 0; null before the first
  period_starts_at timestamptz,
  period_ends_at   timestamptz,
  period_zone      text,                                -- the tenant's zone when the period began
  calendar_starts_at timestamptz,                       -- anniversaries are counted from there; null: from where billing starts
  calendar_number  int not null default 0,              -- number of the period that begins there
  next_plan        text,                                -- from the next period on; null: this one goes on
  next_plan_version int,
  settled_until    timestamptz,                         -- instants up to this one have been done
  cancel_at        timestamptz,
  pause_at         timestamptz,                         -- a period's end at which it pauses, or did; null: it goes on
  cancelled_at     timestamptz,
  created_at       timestamptz not null,
  primary key (tenant_id, id),
  foreign key (plan, plan_version) references plan_versions,
  check ((state = 'cancelled') = (cancelled_at is not null)),
  check (exhaustion = 'block' or overage_price is not null or overage_meters is not null)
) with (fillfactor = 50);
create unique index subscriptions_one on subscriptions (tenant_id) where state <> 'cancelled';

-- Fees that were charged in advance and are earned second by second, booked by day.
create table fee_schedules (
  tenant_id        bigint not null references tenants,
  id               uuid not null,
  item             text not null,
  amount           numeric(28,9) not null,
  starts_at        timestamptz not null,
  ends_at          timestamptz not null,
  recognised       numeric(28,9) not null default 0,
  primary key (tenant_id, id)
);
create index fee_schedules_open on fee_schedules (tenant_id) where recognised <> amount;

-- Which prices hold from when: one row when it is made, one more when its plan or contract changes.
create table subscription_terms (
  tenant_id        bigint not null,
  id               uuid not null,                       -- UUIDv7
  subscription_id  uuid not null,
  since            timestamptz not null,
  plan             text not null,
  plan_version     int not null,
  rate_card        text references rate_cards,          -- of the contract; null for none
  primary key (tenant_id, id),
  foreign key (tenant_id, subscription_id) references subscriptions,
  foreign key (plan, plan_version) references plan_versions
);

-- What was agreed besides the plan.
create table contracts (
  tenant_id        bigint not null,
  subscription_id  uuid not null,
  definition       json not null,                       -- as the API's bodies write it
  rate_card        text references rate_cards,
  created_at       timestamptz not null,
  primary key (tenant_id, subscription_id),
  foreign key (tenant_id, subscription_id) references subscriptions
);

-- Terms with until when: another plan begins, or the subscription ends.
create view dated_terms with (security_invoker) as
  select t.tenant_id, t.id, t.since, coalesce(lead(t.since) over (partition by t.tenant_id, t.subscription_id order by t.since, t.id), s.cancelled_at, s.cancel_at) as until,
    t.plan, t.plan_version, t.rate_card, t.subscription_id
  from subscription_terms t join subscriptions s on s.tenant_id = t.tenant_id and s.id = t.subscription_id;

-- Billing periods that ended, with what accrued in them.
create table subscription_periods (
  tenant_id        bigint not null,
  subscription_id  uuid not null,
  number           int not null,
  starts_at        timestamptz not null,
  ends_at          timestamptz not null check (ends_at > starts_at),
  overage          numeric(28,9) not null check (overage >= 0),   -- credits sold beyond the grants, by the credit
  overage_amount   numeric(28,9) not null,              -- what they cost
  spend            numeric(28,9) not null,              -- that and usage priced in money
  closed_at        timestamptz not null,                -- when the ledger took it
  primary key (tenant_id, subscription_id, number),
  foreign key (tenant_id, subscription_id) references subscriptions
);

-- A coupon as one tenant redeemed it, for a subscription or a purchase; a later change of the coupon changes nothing here.
create table coupon_redemptions (
  tenant_id        bigint not null,
  id               uuid not null,                       -- UUIDv7
  coupon           text not null references coupons,
  definition       json not null,
  subscription_id  uuid,
  from_period      int,                                 -- number of the first billing period that it covers
  checkout_id      uuid,
  redeemed_at      timestamptz not null,
  primary key (tenant_id, id),
  foreign key (tenant_id, subscription_id) references subscriptions,
  check ((subscription_id is null) <> (checkout_id is null) and (subscription_id is null) = (from_period is null))
);
create index coupon_redemptions_coupon on coupon_redemptions (coupon);
create index coupon_redemptions_subscription on coupon_redemptions (tenant_id, subscription_id);
