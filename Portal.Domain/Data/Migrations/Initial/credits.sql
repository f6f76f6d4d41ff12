-- A grant is a lot of credits. What was granted never changes; remaining moves by guarded additions.
create table grants (
  tenant_id        bigint not null,
  id               uuid not null,
  pool_id          int not null,
  source           text not null check (source in ('purchase', 'plan', 'promotion', 'rollover', 'commit', 'adjustment', 'refund')),
  amount           numeric(28,9) not null check (amount > 0),
  remaining        numeric(28,9) not null check (remaining >= 0 and remaining <= amount),
  value            numeric(28,9) not null check (value >= 0),   -- money paid, net; 0 for promotional credits
  currency         char(3) not null,
  priority         smallint not null default 50 check (priority between 0 and 255),
  products         text[],                              -- null: any product
  effective_at     timestamptz not null,
  expires_at       timestamptz check (expires_at > effective_at),
  open             boolean not null default true,       -- false once nothing can be drawn: empty, expired or closed
  parent_id        uuid,                                -- the grant this one was split, rolled or restored from
  lineage          text check (lineage in ('split', 'rolled', 'transferred', 'restored', 'bonus', 'merged')),
  roll_count       smallint not null default 0,
  reference        text,                                -- public id of the cause
  reason           text,
  created_at       timestamptz not null,
  rolled_at        timestamptz,                         -- the renewal that took what it had left: rolled on, or trimmed
  lapsed           numeric(28,9) not null default 0 check (lapsed >= 0),   -- of what came back to it when it was gone, what expired at once
  primary key (tenant_id, id),
  foreign key (tenant_id, pool_id) references pools,
  check (source not in ('promotion', 'adjustment') or value = 0)
) with (fillfactor = 50);
create index grants_open on grants (tenant_id) where open;
create index grants_parent on grants (tenant_id, parent_id) where parent_id is not null;   -- what became of a grant

-- The intervals of credits that a transaction drew, per pool named and product (intake.md). An event's pieces are the
-- overlap of its own running interval with these; nothing is written per event.
create table draws (
  tenant_id        bigint not null,
  transaction_id   uuid not null,
  line             int not null,
  pool_named_id    int not null,
  product          text not null,
  pool_id          int not null,                        -- drawn
  kind             text not null check (kind in ('grant', 'debt', 'overage')),
  grant_id         uuid,
  from_credits     numeric(28,9) not null,              -- running position within (transaction, pool named, product)
  to_credits       numeric(28,9) not null check (to_credits > from_credits),
  remaining_before numeric(28,9),                       -- the grant's, so that the value of any part follows
  amount           numeric(28,9),                       -- of overage: the money that the interval was sold for
  meter            text,                                -- of overage: the meter that priced it; null: sold by the credit
  quantity         numeric(28,9),                       -- of overage: that meter's share for the interval
  primary key (tenant_id, transaction_id, line),
  check ((kind = 'grant') = (grant_id is not null and remaining_before is not null)),
  check ((kind = 'overage') = (amount is not null)),
  check ((meter is null) = (quantity is null) and (meter is null or kind = 'overage'))
);
create index draws_grant on draws (tenant_id, grant_id) where grant_id is not null;
create trigger transactions_are_there after insert on draws
  referencing new table as added for each statement execute function transactions_are_there();

-- What of a debt is still open, as segments of the interval drawn: settled from the front, oldest first; a correction of usage takes
-- a part out of the middle, which leaves two.
create table debts (
  tenant_id        bigint not null,
  transaction_id   uuid not null,                       -- of the draw, or of the dispute
  line             int not null,
  began            numeric(28,9) not null,              -- where in the interval the segment began
  pool_id          int not null,
  product          text,                                -- null: a chargeback's, any grant settles it
  from_credits     numeric(28,9) not null,              -- open from here,
  to_credits       numeric(28,9) not null,              -- to here
  incurred_at      timestamptz not null,
  primary key (tenant_id, transaction_id, line, began),
  check (began >= 0 and from_credits >= began and to_credits >= from_credits)
) with (fillfactor = 50);
create index debts_open on debts (tenant_id) where to_credits > from_credits;

-- Parts of chargebacks' debts that grants settled; what of a debt was taken back since tells which of them still stand.
create table chargeback_settlements (
  tenant_id        bigint not null,
  transaction_id   uuid not null,                       -- of the settlement
  debt_transaction_id uuid not null,
  debt_line        int not null,
  from_credits     numeric(28,9) not null,              -- within the debt
  to_credits       numeric(28,9) not null check (to_credits > from_credits),
  grant_id         uuid not null,
  remaining_before numeric(28,9) not null,              -- the grant's, so that the value of any part follows
  primary key (tenant_id, debt_transaction_id, debt_line, from_credits),
  foreign key (tenant_id, transaction_id) references ledger_transactions
);

-- Parts of what events drew that corrections took back, last first. A void, an amendment or a re-rating writes them; what is left of
-- the intervals is what the events stand on now.
create table returns (
  tenant_id        bigint not null,
  transaction_id   uuid not null,                       -- of the correction
  line             int not null,
  event_transaction_id uuid not null,
  event_ordinal    int not null,
  draw_transaction_id uuid not null,
  draw_line        int not null,
  from_credits     numeric(28,9) not null,              -- within the interval drawn
  to_credits       numeric(28,9) not null check (to_credits > from_credits),
  kind             text not null check (kind in ('grant', 'settled', 'debt', 'overage')),
  grant_id         uuid,                                -- where the credits went back to: the grant drawn, or the one that settled the debt
  value            numeric(28,9) not null,              -- revenue given back
  primary key (tenant_id, transaction_id, line),
  foreign key (tenant_id, transaction_id) references ledger_transactions,
  check ((kind in ('grant', 'settled')) = (grant_id is not null))
);
create index returns_event on returns (tenant_id, event_transaction_id, event_ordinal);

-- Credits reserved for work in progress. A hold books nothing; while it is open it counts in pools.held.
create table holds (
  tenant_id        bigint not null,
  id               uuid not null,
  pool_id          int not null,                        -- named: what it may draw follows from the pool's overflow
  consumer_id      int,
  product          text,                                -- null: unrestricted grants alone serve it
  amount           numeric(28,9) not null check (amount >= 0),
  money            numeric(28,9) not null default 0 check (money >= 0),  -- usage priced in money that the estimate foresaw
  meter            text,                                -- what would measure it; null: no event was estimated
  quantity         numeric(28,9) not null default 0,    -- that it would measure
  state            text not null default 'open' check (state in ('open', 'captured', 'released', 'expired')),
  created_at       timestamptz not null,
  expires_at       timestamptz not null,
  closed_at        timestamptz,                         -- when its credits became free
  capture_key      uuid,                                -- the event that captured it; null: none did
  capture_digest   bigint,                              -- of that capture's body
  answer           jsonb,                               -- to that capture, for its repeats
  primary key (tenant_id, id),
  foreign key (tenant_id, pool_id) references pools,
  check ((state = 'open') = (closed_at is null)),
  check (state <> 'captured' or answer is not null)
);
create index holds_open on holds (tenant_id, expires_at) where state = 'open';

-- How much one consumer may draw through one pool in a period.
create table allowances (
  tenant_id        bigint not null,
  consumer_id      int not null,
  pool_id          int not null,                        -- named
  credits          numeric(28,9) not null check (credits >= 0),
  period           text not null check (period in ('day', 'week', 'month', 'quarter', 'lifetime')),
  mode             text not null check (mode in ('hard', 'soft')),
  since            timestamptz not null,                -- usage that happened before does not count
  primary key (tenant_id, consumer_id, pool_id),
  foreign key (tenant_id, consumer_id) references consumers,
  foreign key (tenant_id, pool_id) references pools
);

-- What was drawn since under each kind of period, so that an allowance may change its period without counting again.
create table allowance_usage (
  tenant_id        bigint not null,
  consumer_id      int not null,
  pool_id          int not null,
  period           text not null,
  period_start     timestamptz not null,                -- in the tenant's zone; the epoch for lifetime
  used             numeric(28,9) not null,
  alerted_at       timestamptz,                         -- when a soft allowance told that it was passed
  primary key (tenant_id, consumer_id, pool_id, period, period_start),
  foreign key (tenant_id, consumer_id, pool_id) references allowances on delete cascade
) with (fillfactor = 50);

-- round(value × remaining / amount, 9), half up, in whole nanos so that no quotient is rounded twice; GrantValue.Left is the same.
create function value_left(value numeric, remaining numeric, amount numeric) returns numeric language sql immutable strict as $$
  select case when remaining = amount then value else
    div(2 * (value * 1000000000) * (remaining * 1000000000) + amount * 1000000000, 2 * (amount * 1000000000)) / 1000000000.000000000 end
$$;
