-- Domain.md §3. Append-only; amounts signed, debits positive; every transaction sums to zero per unit.
create table ledger_transactions (
  tenant_id        bigint not null,
  id               uuid not null,                       -- UUIDv7 of posted_at
  kind             text not null,
  idempotency_key  text,
  occurred_at      timestamptz not null,
  posted_at        timestamptz not null,
  book_date        date not null,
  reference        text,                                -- public id of the cause
  reason           text,
  actor            text,
  primary key (tenant_id, id)
);
create unique index ledger_transactions_once on ledger_transactions (tenant_id, idempotency_key) where idempotency_key is not null;
create index ledger_transactions_kind on ledger_transactions (tenant_id, kind, id);   -- statements of one kind
create index ledger_transactions_others on ledger_transactions (tenant_id, id) where kind <> 'usage';   -- the few among much usage

create table ledger_entries (
  tenant_id        bigint not null,
  transaction_id   uuid not null,
  line             int not null,
  account          text not null,
  unit             text not null,                       -- CREDIT or an ISO 4217 code
  grant_id         uuid,                                -- the lot, for accounts of pools
  amount           numeric(28,9) not null,
  primary key (tenant_id, transaction_id, line)
);
create index ledger_entries_account on ledger_entries (tenant_id, account, unit, transaction_id) include (amount);   -- sums without the rows

create table ledger_accounts (
  tenant_id        bigint not null,
  account          text not null,
  unit             text not null,
  balance          numeric(28,9) not null default 0,    -- maintained by adding, never by overwriting
  primary key (tenant_id, account, unit)
) with (fillfactor = 50);

create table finance_daily (
  tenant_id        bigint not null,
  book_date        date not null,
  account          text not null,
  unit             text not null,
  amount           numeric(28,9) not null default 0,
  primary key (tenant_id, book_date, account, unit)
) with (fillfactor = 50);
create index finance_daily_date on finance_daily (book_date, account, unit);

-- Rows of usage are of transactions that are there. Nothing deletes or changes a transaction, so a statement asks once for each of its
-- transactions as it ends, where a foreign key would ask and lock for each row. "offset 0" keeps it a look-up, however many rows there are.
create function transactions_are_there() returns trigger language plpgsql as $$
begin
  if exists (select from (select distinct tenant_id, transaction_id from added) a
             where not exists (select from ledger_transactions x where x.tenant_id = a.tenant_id and x.id = a.transaction_id offset 0)) then
    raise exception '%: a row without its transaction', tg_table_name using errcode = 'foreign_key_violation';
  end if;
  return null;
end $$;
create trigger transactions_are_there after insert on ledger_entries
  referencing new table as added for each statement execute function transactions_are_there();

-- All entries of a transaction arrive in one statement, so the statement can be weighed as it ends.
create function ledger_entries_weigh() returns trigger language plpgsql as $$
begin
  if exists (select from added group by tenant_id, transaction_id, unit having sum(amount) <> 0) then
    raise exception 'ledger: a transaction does not sum to zero' using errcode = 'check_violation';
  end if;
  return null;
end $$;
create trigger ledger_entries_weigh after insert on ledger_entries
  referencing new table as added for each statement execute function ledger_entries_weigh();
