-- Outgoing webhooks, Standard Webhooks scheme. Tenant 0 is the platform, whose endpoints hear of every tenant.
create table webhook_endpoints (
  tenant_id        bigint not null,
  id               uuid not null,
  url              text not null check (length(url) between 1 and 2000),
  types            text[] not null default '{}',        -- none: all
  description      text not null default '',
  secret           bytea not null check (length(secret) between 24 and 64),
  old_secret       bytea,                               -- signs too until then, so that a receiver can change over
  old_secret_until timestamptz,
  state            text not null default 'active' check (state in ('active', 'disabled', 'removed')),
  reason           text,                                -- why it is disabled
  failing_since    timestamptz,                         -- real time; null once it took something
  busy_until       timestamptz,                         -- somebody is sending to it
  created_at       timestamptz not null,
  created_by       text,
  primary key (tenant_id, id)
) with (fillfactor = 70);
create index webhook_endpoints_active on webhook_endpoints (tenant_id) where state = 'active';

-- What happened to a tenant, once by its natural key. Written in the transaction of the cause.
create table webhook_events (
  tenant_id        bigint not null,
  id               uuid not null,
  type             text not null,
  subject          text not null,                       -- public id or key of what it is about
  key              text not null,
  created_at       timestamptz not null,                -- business time
  spread           boolean not null default false,      -- every endpoint that wants it has its delivery
  body             text,                                -- as sent to all, at every try; null: not written yet
  tries            int not null default 0,              -- to write the body
  primary key (tenant_id, id),
  unique (tenant_id, key)
);
create index webhook_events_new on webhook_events (id) where not spread;
create index webhook_events_age on webhook_events (created_at);

-- One event on its way to one endpoint; tenant_id is the endpoint's.
create table webhook_deliveries (
  tenant_id        bigint not null,
  id               uuid not null,
  endpoint_id      uuid not null,
  event_tenant     bigint not null,
  event_id         uuid not null,
  type             text not null,
  state            text not null default 'pending' check (state in ('pending', 'delivered', 'failed')),
  attempts         int not null default 0,              -- since it was made or replayed
  due_at           timestamptz not null default now(),  -- real time, as all that follows
  created_at       timestamptz not null default now(),
  done_at          timestamptz,
  status           int,                                 -- of the last answer; null: there was none
  error            text,
  primary key (tenant_id, id),
  unique (tenant_id, endpoint_id, event_tenant, event_id),
  foreign key (tenant_id, endpoint_id) references webhook_endpoints,
  check ((state = 'pending') = (done_at is null))
) with (fillfactor = 70);
create index webhook_deliveries_due on webhook_deliveries (tenant_id, endpoint_id, due_at) where state = 'pending';
create index webhook_deliveries_latest on webhook_deliveries (tenant_id, endpoint_id, id);
create index webhook_deliveries_event on webhook_deliveries (event_tenant, event_id);

-- The log of tries.
create table webhook_attempts (
  tenant_id        bigint not null,
  id               uuid not null,
  delivery_id      uuid not null,
  at               timestamptz not null,
  took_ms          int not null,
  status           int,
  error            text,
  response         text not null default '',            -- how the answer began
  primary key (tenant_id, id),
  foreign key (tenant_id, delivery_id) references webhook_deliveries on delete cascade
);
create index webhook_attempts_delivery on webhook_attempts (tenant_id, delivery_id);

create function uuid7_at(instant timestamptz) returns uuid language sql volatile as $$
  select (lpad(to_hex(floor(extract(epoch from instant) * 1000)::bigint), 12, '0') || '7' || substr(random, 14))::uuid
  from (select replace(gen_random_uuid()::text, '-', '') as random) made
$$;

-- As PublicId.Format writes it.
create function public_id(prefix text, of_tenant bigint, id uuid) returns text language sql immutable strict as $$
  select prefix || '_' || to_hex(of_tenant) || '_' || replace(id::text, '-', '')
$$;

-- Tells what happened; the same key again tells nothing.
create function tell(of_tenant bigint, of_type text, of_subject text, of_key text) returns void language sql as $$
  insert into webhook_events (tenant_id, id, type, subject, key, created_at)
  select of_tenant, uuid7_at(at), of_type, of_subject, of_type || ':' || of_key, at from (select clock_timestamp() + clock_offset as at from platform) business
  on conflict do nothing
$$;

-- Triggers on the rows of the causes, so that nothing can happen without being told, whoever makes it happen.
create function grants_tell() returns trigger language plpgsql as $$
begin
  perform tell(new.tenant_id, 'grant.created', public_id('grant', new.tenant_id, new.id), new.id::text);
  return null;
end $$;
create trigger grants_tell after insert on grants for each row execute function grants_tell();

create function expiries_tell() returns trigger language plpgsql as $$
begin
  perform tell(new.tenant_id, 'grant.expired', new.reference, new.id::text);
  return null;
end $$;
create trigger expiries_tell after insert on ledger_transactions for each row
  when (new.kind = 'expiry' and new.reference is not null) execute function expiries_tell();

create function subscriptions_tell() returns trigger language plpgsql as $$
declare
  this text := new.id || ':' || pg_current_xact_id();
begin
  if tg_op = 'INSERT' then
    perform tell(new.tenant_id, 'subscription.created', public_id('sub', new.tenant_id, new.id), this);
  elsif new.state = 'cancelled' and old.state <> 'cancelled' then
    perform tell(new.tenant_id, 'subscription.cancelled', public_id('sub', new.tenant_id, new.id), new.id::text);
  elsif not exists (select from webhook_events where tenant_id = new.tenant_id and key = 'subscription.created:' || this) then
    perform tell(new.tenant_id, 'subscription.changed', public_id('sub', new.tenant_id, new.id), this);
  end if;
  return null;
end $$;
create trigger subscriptions_tell_created after insert on subscriptions for each row execute function subscriptions_tell();
create trigger subscriptions_tell_changed after update on subscriptions for each row
  when ((old.state, old.plan, old.plan_version, old.quantities::text, old.exhaustion, old.spend_cap, old.next_plan, old.next_plan_version, old.cancel_at, old.pause_at, old.trial_until)
    is distinct from (new.state, new.plan, new.plan_version, new.quantities::text, new.exhaustion, new.spend_cap, new.next_plan, new.next_plan_version, new.cancel_at, new.pause_at, new.trial_until))
  execute function subscriptions_tell();

create function payments_tell() returns trigger language plpgsql as $$
declare
  subject text := public_id('pay', new.tenant_id, new.id);
begin
  if new.captured > (case when tg_op = 'INSERT' then 0 else old.captured end) then perform tell(new.tenant_id, 'payment.succeeded', subject, new.id || ':' || new.captured); end if;
  if new.refunded > (case when tg_op = 'INSERT' then 0 else old.refunded end) then perform tell(new.tenant_id, 'payment.refunded', subject, new.id || ':' || new.refunded); end if;
  if new.disputed > (case when tg_op = 'INSERT' then 0 else old.disputed end) then perform tell(new.tenant_id, 'payment.disputed', subject, new.id || ':' || new.disputed); end if;
  return null;
end $$;
create trigger payments_tell after insert or update on payments for each row when (new.tenant_id > 0) execute function payments_tell();

-- What was to be paid tells more of a refusal than the try: the checkout, or the invoice.
create function payment_attempts_tell() returns trigger language plpgsql as $$
begin
  perform tell(new.tenant_id, 'payment.failed', coalesce(public_id('checkout', new.tenant_id, new.checkout_id), new.pays_for), new.id::text);
  return null;
end $$;
create trigger payment_attempts_tell after update on payment_attempts for each row
  when (new.state in ('declined', 'failed') and old.state not in ('declined', 'failed') and coalesce(new.checkout_id::text, new.pays_for) is not null)
  execute function payment_attempts_tell();

create function top_ups_tell() returns trigger language plpgsql as $$
begin
  perform tell(new.tenant_id, 'auto_top_up.stopped', key, new.pool_id || ':' || new.off_at) from pools where tenant_id = new.tenant_id and pool_id = new.pool_id;
  -- To those who may buy. What it says is written when it is sent.
  insert into outbox (tenant_id, id, kind, payload)
  select new.tenant_id, uuid7_at(clock_timestamp()), 'top_up', jsonb_build_object('to', m.email, 'pool', p.key)
  from members m join pools p on p.tenant_id = m.tenant_id and p.pool_id = new.pool_id
  where m.tenant_id = new.tenant_id and m.role in ('owner', 'admin', 'billing') and m.joined_at is not null and m.removed_at is null;
  return null;
end $$;
create trigger top_ups_tell after update on auto_top_ups for each row when (old.off_at is null and new.off_at is not null) execute function top_ups_tell();

-- The intake notes in the audit, once a period, that usage passed a soft allowance.
create function passed_allowances_tell() returns trigger language plpgsql as $$
begin
  perform tell(new.tenant_id, 'allowance.passed', (new.detail->>'pool') || '/' || c.key, new.id::text)
  from consumers c where c.tenant_id = new.tenant_id and 'consumer:' || c.consumer_id = new.subject;
  return null;
end $$;
create trigger passed_allowances_tell after insert on audit for each row when (new.action = 'allowance.passed') execute function passed_allowances_tell();

-- A mail to each who gets invoices: those that the tax profile names, else the owners and billing people. What it says is written when it is sent.
create function mail_invoice(of_tenant bigint, invoice uuid, of_cause text, of_note text default null) returns void language sql as $$
  insert into outbox (tenant_id, id, kind, payload)
  select of_tenant, uuid7_at(clock_timestamp()), 'invoice', jsonb_strip_nulls(jsonb_build_object('to', reader, 'invoice', public_id('inv', of_tenant, invoice), 'cause', of_cause, 'note', of_note))
  from (
    select unnest(emails) as reader from tax_profiles where tenant_id = of_tenant
    union
    select email from members where tenant_id = of_tenant and role in ('owner', 'billing') and joined_at is not null and removed_at is null
      and not exists (select from tax_profiles where tenant_id = of_tenant and emails <> '{}')
  ) readers
$$;

create function credit_notes_tell() returns trigger language plpgsql as $$
begin
  perform tell(new.tenant_id, 'credit_note.created', public_id('inv', new.tenant_id, new.invoice_id), new.id::text);
  perform mail_invoice(new.tenant_id, new.invoice_id, 'credited', public_id('cn', new.tenant_id, new.id));
  return null;
end $$;
create trigger credit_notes_tell after insert on credit_notes for each row execute function credit_notes_tell();

create function invoices_tell() returns trigger language plpgsql as $$
declare
  subject text := public_id('inv', new.tenant_id, new.id);
  before text := case when tg_op = 'INSERT' then 'draft' else old.state end;
  this text := new.id || ':' || pg_current_xact_id();
begin
  if before = 'draft' then
    perform tell(new.tenant_id, 'invoice.finalised', subject, new.id::text);
    perform mail_invoice(new.tenant_id, new.id, 'finalised');
  end if;
  if new.state <> before and new.state in ('paid', 'void', 'uncollectible') then
    perform tell(new.tenant_id, case new.state when 'void' then 'invoice.voided' else 'invoice.' || new.state end, subject, this);
  end if;
  if new.state = 'void' and before = 'open' then perform mail_invoice(new.tenant_id, new.id, 'voided'); end if;
  if tg_op = 'UPDATE' and new.tries > old.tries then
    if old.first_failed_at is null then perform tell(new.tenant_id, 'invoice.past_due', subject, this); end if;
    perform mail_invoice(new.tenant_id, new.id, case when old.first_failed_at is null then 'past_due' else 'payment_failed' end);
  end if;
  return null;
end $$;
create trigger invoices_tell_made after insert on invoices for each row when (new.state <> 'draft') execute function invoices_tell();
create trigger invoices_tell_changed after update on invoices for each row when (new.state <> old.state or new.tries > old.tries) execute function invoices_tell();
