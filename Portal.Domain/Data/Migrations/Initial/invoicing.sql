-- What is earned or due and on no invoice yet: what `unbilled` of a tenant consists of (domain.md §3). One row gathers what is alike until an
-- invoice takes it; what comes afterwards begins another.
create table charges (
  tenant_id        bigint not null,
  id               uuid not null,
  kind             text not null,
  item             text not null,                       -- the plan's item; of usage its meter and match; of overage the pool
  advance          boolean not null,                    -- due as its period begins, else as it ends
  period_starts_at timestamptz not null,
  period_ends_at   timestamptz not null check (period_ends_at >= period_starts_at),
  currency         char(3) not null,
  quantity         numeric(28,9) not null,
  amount           numeric(28,9) not null,              -- money, net, not rounded
  meter            text,
  match            text,
  detail           json,
  created_at       timestamptz not null,
  invoice_id       uuid,                                -- that took it; from then on it never changes
  primary key (tenant_id, id)
) with (fillfactor = 70);
create unique index charges_open on charges (tenant_id, kind, item, period_starts_at, advance) where invoice_id is null;
create index charges_period on charges (tenant_id, period_starts_at);

-- How an invoice stands; what it says is its document. A draft says what its charges say.
create table invoices (
  tenant_id        bigint not null references tenants,
  id               uuid not null,                       -- of a draft a pure function of tenant and date
  bill_at          timestamptz not null,                -- what is due by then is on it
  finalise_at      timestamptz not null,
  state            text not null default 'draft' check (state in ('draft', 'open', 'paid', 'void', 'uncollectible')),
  total            numeric(28,9),                       -- null of a draft
  paid             numeric(28,9) not null default 0,    -- by payments and by the customer's credit
  credited         numeric(28,9) not null default 0,    -- by credit notes
  created_at       timestamptz not null,
  primary key (tenant_id, id),
  check (state = 'draft' or total is not null)
) with (fillfactor = 70);
create index invoices_drafts on invoices (tenant_id, finalise_at) where state = 'draft';
create index invoices_open on invoices (tenant_id, bill_at) where state = 'open';
