-- Months that are closed for good: nothing is booked in them any more (domain.md §2). What belongs there gets the first open day.
create table locked_months (
  month             date primary key check (extract(day from month) = 1),
  locked_at         timestamptz not null,
  locked_by         text,
  reconciled_at     timestamptz not null                -- business time of the reconciliation that was green
);

-- Whoever posts holds this lock shared until its transaction ends, whoever closes a month holds it alone. So nobody commits a date that was
-- open when it was chosen and is not any more: the transaction is refused as one to be tried again, and then chooses another.
create function book_dates_are_open() returns trigger language plpgsql as $$
begin
  perform pg_advisory_xact_lock_shared(hashtextextended('book dates', 0));
  if exists (select from added where book_date < (select locked_until from platform)) then
    raise exception 'ledger: the month is locked' using errcode = 'serialization_failure';
  end if;
  return null;
end $$;
create trigger book_dates_are_open after insert on ledger_transactions
  referencing new table as added for each statement execute function book_dates_are_open();

-- Transactions of a month, for its journal. They come nearly in order of their dates, so ranges of blocks tell them apart and cost no write.
create index ledger_transactions_booked on ledger_transactions using brin (book_date) with (pages_per_range = 16, autosummarize = on);

-- There is no unlock.
create function locked_months_stay() returns trigger language plpgsql as $$
begin
  if new.locked_until < old.locked_until then
    raise exception 'platform: a month that is locked stays locked' using errcode = 'check_violation';
  end if;
  return new;
end $$;
create trigger locked_months_stay before update of locked_until on platform for each row execute function locked_months_stay();
