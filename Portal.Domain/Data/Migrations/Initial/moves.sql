-- Credits that left a tenant for another. No transaction touches two tenants: the row is written with the postings that took them out, and
-- says what is to arrive; they have arrived when the other tenant has a ledger transaction with the key 'move:' and the row's id.
create table moves (
  tenant_id        bigint not null,                     -- that gave them
  id               uuid not null,
  into_tenant_id   bigint not null,                     -- that gets them
  transaction_id   uuid not null,                       -- that took them out
  credits          numeric(28,9) not null check (credits > 0),
  value            numeric(28,9) not null check (value >= 0),   -- what they stood for
  currency         char(3) not null,
  reason           text,
  actor            text,
  created_at       timestamptz not null,
  primary key (tenant_id, id),
  foreign key (tenant_id, transaction_id) references ledger_transactions,
  check (into_tenant_id <> tenant_id)
);

-- What of each grant is to arrive, on that grant's terms.
create table move_parts (
  tenant_id        bigint not null,
  move_id          uuid not null,
  grant_id         uuid not null,
  credits          numeric(28,9) not null check (credits > 0),
  value            numeric(28,9) not null check (value >= 0),   -- the difference of the grant's value left
  primary key (tenant_id, move_id, grant_id),
  foreign key (tenant_id, move_id) references moves,
  foreign key (tenant_id, grant_id) references grants
);

-- Key of the ledger transaction in which a move arrives.
create function move_key(id uuid) returns text language sql immutable strict as $$ select 'move:' || replace(id::text, '-', '') $$;
create view open_moves with (security_invoker) as
  select m.* from moves m
  where not exists (select from ledger_transactions t where t.tenant_id = m.into_tenant_id and t.idempotency_key = move_key(m.id));
