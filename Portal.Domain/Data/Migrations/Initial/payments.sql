-- Purchases and the money that providers moved for them. Amounts are in major units, rounded to the currency's minor unit.
create table checkouts (
  tenant_id        bigint not null,
  id               uuid not null,
  pack             text not null,                       -- the terms as they were sold: a later change of the pack changes nothing here
  pack_name        text not null,
  quantity         numeric(28,9) not null default 1,    -- how many packs; the credits are of all of them
  automatic        boolean not null default false,      -- bought by a top-up, paid by the saved payment method
  pool_id          int not null,
  credits          numeric(28,9) not null check (credits > 0),
  bonus_credits    numeric(28,9) not null check (bonus_credits >= 0),
  priority         smallint not null,
  products         text[],
  expires_after    text,                                -- ISO 8601, counted from the payment; null: never
  currency         char(3) not null,
  net              numeric(28,9) not null check (net >= 0),
  tax              numeric(28,9) not null check (tax >= 0),
  tax_name         text not null default 'Tax',
  tax_percent      numeric(9,6) not null default 0,
  provider         text not null,
  url              text,                                -- where the customer pays; null until the provider said so
  state            text not null default 'open' check (state in ('open', 'failed', 'paid')),  -- expired follows from expires_at
  failure          text,                                -- the provider's code for the last refusal
  payment_id       uuid,                                -- the payment that bought the pack
  created_at       timestamptz not null,
  created_by       text,
  expires_at       timestamptz not null,                -- the provider takes no payment from then on; a late success still counts
  primary key (tenant_id, id),
  foreign key (tenant_id, pool_id) references pools,
  check ((state = 'paid') = (payment_id is not null))
);
create index checkouts_latest on checkouts (tenant_id, created_at);

-- The provider that a tenant is to use whatever the settings say; without a row they decide.
create table payment_preferences (
  tenant_id        bigint primary key references tenants,
  provider         text not null
);

-- What tenants left at a provider to be charged later. No card data: the provider's token and what to show for it.
create table payment_methods (
  tenant_id        bigint not null,
  id               uuid not null,
  provider         text not null,
  state            text not null check (state in ('pending', 'saved', 'removed')),
  page             text,                                -- the provider's id of the page on which it is left
  url              text,
  token            text,
  label            text,
  expires_on       date,
  is_default       boolean not null default false,
  created_at       timestamptz not null,
  created_by       text,
  saved_at         timestamptz,
  removed_at       timestamptz,
  forgotten        boolean not null default false,      -- the provider let go of it
  primary key (tenant_id, id),
  check ((state = 'pending') = (token is null)),
  check (not is_default or state = 'saved')
);
create unique index payment_methods_default on payment_methods (tenant_id) where is_default;
create index payment_methods_removed on payment_methods (tenant_id) where state = 'removed' and not forgotten;

-- A row before it is a call: its public id is the idempotency key sent and the provider's reference.
create table payment_attempts (
  tenant_id        bigint not null,
  id               uuid not null,
  provider         text not null,
  checkout_id      uuid,
  pays_for         text,                                -- or what else it pays: a public id
  description      text,
  method_id        uuid,                                -- the saved payment method that is charged
  currency         char(3) not null,
  amount           numeric(28,9) not null check (amount > 0),
  state            text not null default 'started' check (state in ('started', 'waiting', 'succeeded', 'declined', 'failed')),
  provider_object  text,                                -- what the call made, such as a session
  failure          text,
  started_at       timestamptz not null,
  settled_at       timestamptz,
  tries            int not null default 0,
  due_at           timestamptz not null default now() + interval '2 minutes',  -- when its outcome is asked for, in real time
  primary key (tenant_id, id),
  foreign key (tenant_id, checkout_id) references checkouts,
  foreign key (tenant_id, method_id) references payment_methods,
  check (pays_for is null or (checkout_id is null and method_id is not null))
);
create index payment_attempts_checkout on payment_attempts (tenant_id, checkout_id);
create index payment_attempts_method on payment_attempts (tenant_id, method_id) where method_id is not null;
-- While an outcome is unknown no other attempt starts for the same thing.
create unique index payment_attempts_open on payment_attempts (tenant_id, pays_for) where state = 'started' and pays_for is not null;
create index payment_attempts_due on payment_attempts (due_at) where state in ('started', 'waiting');

-- What a provider says of one payment, cumulative: each only grows, and its growth is what gets booked, so that order and
-- repeats of messages do not matter. Tenant 0 holds money that nobody here asked for.
create table payments (
  tenant_id        bigint not null,
  id               uuid not null,
  provider         text not null,
  provider_payment text not null,
  attempt_id       uuid,
  checkout_id      uuid,
  currency         char(3) not null,
  captured         numeric(28,9) not null default 0 check (captured >= 0),
  refunded         numeric(28,9) not null default 0 check (refunded >= 0),
  disputed         numeric(28,9) not null default 0 check (disputed >= 0),
  reinstated       numeric(28,9) not null default 0 check (reinstated between 0 and disputed),  -- of that, what came back
  received_at      timestamptz not null,
  primary key (tenant_id, id),
  unique (tenant_id, provider, provider_payment),
  foreign key (tenant_id, attempt_id) references payment_attempts,
  foreign key (tenant_id, checkout_id) references checkouts
);

-- Money given back. A row before it is a call: its public id is the idempotency key sent. What the provider's people gave back
-- by themselves stands here too.
create table refunds (
  tenant_id        bigint not null,
  id               uuid not null,
  payment_id       uuid,                                -- null: sold outside, nobody to call
  grant_id         uuid,                                -- the lot that was sold, first of its lineage; null: the money bought none
  origin           text not null check (origin in ('asked', 'provider')),
  state            text not null check (state in ('pending', 'succeeded', 'failed')),
  currency         char(3) not null,
  credits          numeric(28,9) not null check (credits >= 0),
  value            numeric(28,9) not null check (value >= 0),   -- of those credits when they were taken
  net              numeric(28,9) not null,              -- net and tax are what is moved, each rounded by difference
  tax              numeric(28,9) not null,
  suspense         numeric(28,9) not null default 0 check (suspense >= 0),  -- given back by the provider, and no credits left for it
  reason           text,
  failure          text,                                -- the provider's code for a refusal
  created_at       timestamptz not null,
  created_by       text,
  settled_at       timestamptz,
  attempts         int not null default 0,
  due_at           timestamptz not null default now(),  -- of the next try, in real time
  primary key (tenant_id, id),
  foreign key (tenant_id, payment_id) references payments,
  foreign key (tenant_id, grant_id) references grants,
  check (payment_id is not null or grant_id is not null)
);
create index refunds_due on refunds (due_at) where state = 'pending';
create index refunds_grant on refunds (tenant_id, grant_id);
create index refunds_payment on refunds (tenant_id, payment_id);

create table refund_pieces (
  tenant_id        bigint not null,
  refund_id        uuid not null,
  ordinal          int not null,
  grant_id         uuid not null,                       -- that gave the credits, and gets them back should the refund fail
  credits          numeric(28,9) not null check (credits > 0),
  value            numeric(28,9) not null check (value >= 0),
  primary key (tenant_id, refund_id, ordinal),
  foreign key (tenant_id, refund_id) references refunds,
  foreign key (tenant_id, grant_id) references grants
);
create index refund_pieces_grant on refund_pieces (tenant_id, grant_id);

-- Money that disputes took of a payment, and (below 0) gave back: what each movement was booked as.
create table disputes (
  tenant_id        bigint not null,
  id               uuid not null,
  payment_id       uuid not null,
  grant_id         uuid,                                -- the lot that was sold; null: the money bought none
  transaction_id   uuid not null,                       -- that booked it; debts of used credits carry its id
  currency         char(3) not null,
  amount           numeric(28,9) not null check (amount <> 0),
  value            numeric(28,9) not null,              -- of unused credits
  tax              numeric(28,9) not null,
  chargebacks      numeric(28,9) not null,
  receivable       numeric(28,9) not null default 0,    -- due again on an invoice that it had paid
  suspense         numeric(28,9) not null,
  created_at       timestamptz not null,
  primary key (tenant_id, id),
  foreign key (tenant_id, payment_id) references payments,
  foreign key (tenant_id, grant_id) references grants,
  check (amount = value + tax + chargebacks + receivable + suspense)
);
create index disputes_payment on disputes (tenant_id, payment_id);

create table dispute_pieces (
  tenant_id        bigint not null,
  dispute_id       uuid not null,
  ordinal          int not null,
  grant_id         uuid not null,                       -- unused: that gave the credits; used: from which they were used
  debt_line        int,                                 -- used: line of the debt; null: unused
  credits          numeric(28,9) not null check (credits > 0),
  value            numeric(28,9) not null check (value >= 0),
  returned         numeric(28,9) not null default 0 check (returned between 0 and credits),  -- since the dispute was won
  primary key (tenant_id, dispute_id, ordinal),
  foreign key (tenant_id, dispute_id) references disputes,
  foreign key (tenant_id, grant_id) references grants
);
create index dispute_pieces_grant on dispute_pieces (tenant_id, grant_id);

-- A lineage is read down from what was sold under a reference.
create index grants_reference on grants (tenant_id, reference) where reference is not null;

-- Local to the coordinator: whose a provider's object is. The column is not called tenant_id because the table is no tenant's.
create table provider_objects (
  provider         text not null,
  id               text not null,
  tenant           bigint not null,
  primary key (provider, id)
);

-- Local to the coordinator: what providers told, once per event identity, as it came.
create table webhook_inbox (
  provider         text not null,
  event_id         text not null,
  body             bytea not null,
  received_at      timestamptz not null default now(),
  due_at           timestamptz not null default now(),
  attempts         int not null default 0,
  tenant           bigint,                              -- once known
  state            text not null default 'new' check (state in ('new', 'done', 'failed')),
  error            text,
  done_at          timestamptz,
  primary key (provider, event_id)
);
create index webhook_inbox_due on webhook_inbox (due_at) where state = 'new';

-- What Adyen told of its payments, each once: its API does not tell how a payment stands. Amounts in Adyen's units; no card data.
create table adyen_movements (
  psp_reference    text not null,
  event_code       text not null,
  success          boolean not null,
  payment          text not null,
  reference        text,                                -- ours
  amount           bigint not null check (amount >= 0),
  currency         char(3) not null,
  reason           text,
  kept_at          timestamptz not null default now(),
  primary key (psp_reference, event_code, success)
);
create index adyen_movements_payment on adyen_movements (payment);
create index adyen_movements_reference on adyen_movements (reference);

-- The sandbox provider's own books, as a real provider would keep them on its side. Amounts in minor units; no card numbers.
create table sandbox_account (
  id               smallint primary key default 1 check (id = 1),
  webhook_secret   text not null default 'whsec_' || replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '')
);
insert into sandbox_account default values;

create table sandbox_sessions (
  id               text primary key,
  mode             text not null check (mode in ('payment', 'setup')),
  reference        text not null unique,
  amount           bigint not null check (amount >= 0),
  currency         char(3) not null,
  description      text not null,
  success_url      text not null,
  cancel_url       text not null,
  state            text not null default 'open' check (state in ('open', 'challenged', 'succeeded')),
  failure          text,
  expires_at       timestamptz not null
);

create table sandbox_methods (
  id               text primary key,
  reference        text not null unique,
  card             text not null check (card in ('accepted', 'declined', 'challenged')),
  last4            char(4) not null,
  forgotten        boolean not null default false
);

create table sandbox_payments (
  id               text primary key,
  reference        text not null,
  session_id       text references sandbox_sessions,
  method_id        text references sandbox_methods,
  currency         char(3) not null,
  amount           bigint not null check (amount > 0),
  captured         bigint not null check (captured between 0 and amount),
  refunded         bigint not null default 0 check (refunded between 0 and captured),
  disputed         bigint not null default 0 check (disputed >= 0),   -- in all: what was won may be disputed again
  reinstated       bigint not null default 0 check (reinstated between 0 and disputed),
  failure          text,
  created_at       timestamptz not null
);
create index sandbox_payments_reference on sandbox_payments (reference);
create unique index sandbox_payments_session on sandbox_payments (session_id) where captured > 0;
create unique index sandbox_payments_charge on sandbox_payments (reference) where method_id is not null;

create table sandbox_refunds (
  id               text primary key,
  reference        text unique,                         -- the merchant's; null: given back on the provider's own pages
  payment_id       text not null references sandbox_payments,
  amount           bigint not null check (amount > 0)
);

create table sandbox_events (
  id               text primary key,
  body             bytea not null,
  created_at       timestamptz not null default now(),
  due_at           timestamptz not null default now(),
  attempts         int not null default 0,
  delivered_at     timestamptz
);
create index sandbox_events_due on sandbox_events (due_at) where delivered_at is null;
