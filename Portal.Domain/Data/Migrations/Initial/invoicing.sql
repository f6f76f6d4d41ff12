-- What is earned or due and on no invoice yet: what `unbilled` of a tenant consists of (domain.md §3). One row gathers what is alike until an
-- invoice takes it; what comes afterwards begins another.
create table charges (
  tenant_id        bigint not null,
  id               uuid not null,
  kind             text not null,
  item             text not null,                       -- the plan's item; of usage its meter and match; of overage the pool, and the meter that prices it
  advance          boolean not null,                    -- due as its period begins, else as it ends
  period_starts_at timestamptz not null,
  period_ends_at   timestamptz not null check (period_ends_at >= period_starts_at),
  currency         char(3) not null,
  quantity         numeric(28,9) not null,
  amount           numeric(28,9) not null,              -- money, net, not rounded
  credits          numeric(28,9) not null default 0,    -- of overage: credits sold, whatever prices them
  tax_inclusive    boolean not null default false,      -- its price includes tax, which the amount has not: the invoice's total is that price
  meter            text,
  match            text,
  detail           json,
  created_at       timestamptz not null,
  invoice_id       uuid,                                -- that took it; from then on it never changes
  primary key (tenant_id, id)
) with (fillfactor = 70);
create unique index charges_open on charges (tenant_id, kind, item, period_starts_at, advance) where invoice_id is null;
create index charges_period on charges (tenant_id, period_starts_at);
create index charges_coupons on charges (tenant_id, period_starts_at) where kind in ('coupon_fee', 'coupon_credits', 'coupon_usage');

-- How an invoice stands; what it says is its document. A draft says what its charges say.
create table invoices (
  tenant_id        bigint not null references tenants,
  id               uuid not null,                       -- of a draft a pure function of tenant and date
  sale             text,                                -- of credits paid as they were bought: the purchase; it is of no billing date
  bill_at          timestamptz not null,                -- what is due by then is on it
  finalise_at      timestamptz not null,
  state            text not null default 'draft' check (state in ('draft', 'open', 'paid', 'void', 'uncollectible')),
  total            numeric(28,9),                       -- null of a draft
  paid             numeric(28,9) not null default 0,    -- by payments and by the customer's credit
  credited         numeric(28,9) not null default 0,    -- by credit notes
  created_at       timestamptz not null,
  collect_at       timestamptz,                         -- when the saved payment method is charged next; null: not by itself
  tries            int not null default 0,              -- charges that were refused
  first_failed_at  timestamptz,
  failure          text,                                -- why the last was
  refused_attempt  uuid,                                -- the attempt that was: told once more, it counts once
  primary key (tenant_id, id),
  check (state = 'draft' or total is not null)
) with (fillfactor = 70);
create index invoices_drafts on invoices (tenant_id, finalise_at) where state = 'draft';
create index invoices_open on invoices (tenant_id, bill_at) where state = 'open';
create index invoices_collect on invoices (collect_at) where state = 'open' and collect_at is not null;

-- Who sells. Without one nothing is finalised: drafts wait.
create table legal_entities (
  key              text primary key check (key ~ '^[a-z0-9]([a-z0-9_.-]{0,62}[a-z0-9])?$'),
  name             text not null check (length(name) between 1 and 200),
  address          text not null default '',            -- lines
  country          char(2) not null default 'US',
  tax_ids          text[] not null default '{}',
  email            text,
  payment_details  text,                                -- how to pay by bank transfer
  series           text not null unique default 'INV' check (series ~ '^[A-Z0-9-]{1,20}$'),
  is_default       boolean not null default false
);
create unique index legal_entities_default on legal_entities (is_default) where is_default;
insert into legal_entities (key, name, is_default) values ('default', 'Portal', true);

-- Local to the coordinator. Reserved in a short transaction of its own before the tenant's finalises, so that a crash leaves no gap.
create table number_series (
  legal_entity     text not null references legal_entities,
  series           text not null,
  last             bigint not null default 0,
  primary key (legal_entity, series)
);
create table invoice_numbers (
  legal_entity     text not null,
  series           text not null,
  number           bigint not null,
  tenant           bigint not null,
  invoice_id       uuid not null unique,
  primary key (legal_entity, series, number)
);
create function reserve_invoice_number(entity text, of_series text, of_tenant bigint, invoice uuid) returns bigint language plpgsql as $$
declare
  reserved bigint;
begin
  select number into reserved from invoice_numbers where invoice_id = invoice;
  if found then return reserved; end if;
  insert into number_series (legal_entity, series) values (entity, of_series) on conflict do nothing;
  update number_series set last = last + 1 where legal_entity = entity and series = of_series returning last into reserved;
  insert into invoice_numbers values (entity, of_series, reserved, of_tenant, invoice);
  return reserved;
end $$;

-- Whom an invoice is made out to, and how it is taxed.
create table tax_profiles (
  tenant_id        bigint primary key references tenants,
  name             text,                                -- on invoices; null: the tenant's
  address          text not null default '',
  country          char(2),
  region           text,
  vat_id           text,
  vat_checked_at   timestamptz,
  vat_valid        boolean,                             -- what the check answered; null: never checked
  vat_answer       text,                                -- in the register's words, as evidence
  vat_due_at       timestamptz default now(),           -- when register and tax engine are asked next, by real time
  vat_tries        int not null default 0,
  exempt           boolean not null default false,
  po_number        text,
  emails           text[] not null default '{}'         -- that get invoices; none: the billing people
);

create index tax_profiles_due on tax_profiles (vat_due_at);

-- Percent by place and date: the latest row not after a day holds.
create table tax_rates (
  country          char(2) not null,
  region           text not null default '',
  valid_from       date not null,
  name             text not null,                       -- such as VAT
  percent          numeric(9,6) not null check (percent between 0 and 100),
  primary key (country, region, valid_from)
);

-- What an invoice says, once finalised. Never changed; what happens to it later is its state, its events and credit notes.
create table invoice_documents (
  tenant_id        bigint not null,
  invoice_id       uuid not null,
  number           text not null,
  legal_entity     text not null,
  issued_at        timestamptz not null,
  due_at           timestamptz not null,
  period_starts_at timestamptz not null,
  period_ends_at   timestamptz not null,
  currency         char(3) not null,
  subtotal         numeric(28,9) not null,              -- of the lines, before discounts
  discount         numeric(28,9) not null,
  tax              numeric(28,9) not null,
  total            numeric(28,9) not null check (total >= 0),
  seller           json not null,
  customer         json not null,
  taxes            json not null,                       -- by rate
  po_number        text,
  transaction_id   uuid not null,                       -- that booked it
  primary key (tenant_id, invoice_id),
  foreign key (tenant_id, invoice_id) references invoices
);
create unique index invoice_documents_number on invoice_documents (tenant_id, number);

create table invoice_lines (
  tenant_id        bigint not null,
  invoice_id       uuid not null,
  line             int not null,
  kind             text not null,
  item             text not null,
  description      text not null,
  quantity         numeric(28,9) not null,
  unit_amount      numeric(28,15),                      -- null where prices differ within it
  amount           numeric(28,9) not null,              -- net, in whole minor units
  discount         numeric(28,9) not null default 0,
  tax              numeric(28,9) not null,
  tax_percent      numeric(9,6) not null,
  period_starts_at timestamptz not null,
  period_ends_at   timestamptz not null,
  charge_id        uuid,                                -- what it opens to
  tiers            json,                                -- that its quantity reached; null where no price with tiers explains it
  primary key (tenant_id, invoice_id, line),
  foreign key (tenant_id, invoice_id) references invoices
);

create table invoice_events (
  tenant_id        bigint not null,
  id               uuid not null,
  invoice_id       uuid not null,
  at               timestamptz not null,
  kind             text not null check (kind in ('finalised', 'credit_applied', 'paid', 'voided', 'uncollectible', 'reopened', 'disputed', 'reinstated', 'credited', 'sent')),
  amount           numeric(28,9),
  transaction_id   uuid,
  reference        text,
  actor            text,
  primary key (tenant_id, id),
  foreign key (tenant_id, invoice_id) references invoices
);
create index invoice_events_invoice on invoice_events (tenant_id, invoice_id);
