-- What is taken off an invoice after it was finalised. Never changed.
create table credit_notes (
  tenant_id        bigint not null,
  id               uuid not null,
  invoice_id       uuid not null,
  number           text not null,                       -- of a series of its own of the legal entity
  issued_at        timestamptz not null,
  reason           text not null,
  net              numeric(28,9) not null,
  tax              numeric(28,9) not null,
  total            numeric(28,9) not null check (total > 0),
  lowered          numeric(28,9) not null check (lowered between 0 and total),  -- what was due by as much; the rest became the customer's credit
  refund_id        uuid,                                -- of a pack: its money went back by this refund, none became credit
  taxes            json not null,                       -- by rate
  transaction_id   uuid not null,
  created_by       text,
  primary key (tenant_id, id),
  foreign key (tenant_id, invoice_id) references invoices
);
create index credit_notes_invoice on credit_notes (tenant_id, invoice_id);
create unique index credit_notes_refund on credit_notes (tenant_id, refund_id) where refund_id is not null;

create table credit_note_lines (
  tenant_id        bigint not null,
  credit_note_id   uuid not null,
  line             int not null,                        -- of the invoice
  net              numeric(28,9) not null,
  tax              numeric(28,9) not null,
  primary key (tenant_id, credit_note_id, line),
  foreign key (tenant_id, credit_note_id) references credit_notes
);

-- What voiding or writing off an invoice took back besides its revenue: credits left in grants, fees not earned. Paid later, they come back.
create table invoice_takebacks (
  tenant_id        bigint not null,
  invoice_id       uuid not null,
  part             int not null,
  grant_id         uuid,
  fee_id           uuid,
  credits          numeric(28,9) not null default 0,
  amount           numeric(28,9) not null,              -- of deferred:credits or deferred:fees
  tax              numeric(28,9) not null default 0,    -- of the write-off itself
  bad_debt         numeric(28,9) not null default 0,
  returned_at      timestamptz,
  primary key (tenant_id, invoice_id, part),
  foreign key (tenant_id, invoice_id) references invoices
);
