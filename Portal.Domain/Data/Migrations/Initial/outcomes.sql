-- Rules that decide over cases, versioned like rate cards; what was published is never changed.
create table outcome_rules (
  key              text primary key check (key ~ '^[a-z0-9]([a-z0-9_.-]{0,62}[a-z0-9])?$'),
  name             text not null check (length(name) between 1 and 200),
  created_at       timestamptz not null
);
create table outcome_rule_versions (
  rule             text not null references outcome_rules,
  version          int not null check (version > 0),
  product          text not null references products,
  effective_at     timestamptz not null,
  published_at     timestamptz not null,
  definition       json not null,                       -- as POST /v1/outcomes/{key}/versions writes it
  primary key (rule, version)
);

-- Rules that cases of a tenant opened under: later events of those cases stay with them whatever the plan says by then.
create table outcome_rules_used (
  tenant_id        bigint not null references tenants,
  product          text not null,
  rule             text not null,
  primary key (tenant_id, product, rule)
);

create table outcome_cases (
  tenant_id        bigint not null references tenants,
  product          text not null,
  case_key         text not null check (length(case_key) between 1 and 200),
  rule             text not null,
  rule_version     int not null,                        -- fixed when it opened
  opened_at        timestamptz not null,                -- when the event that opened it happened
  last_event_at    timestamptz not null,                -- its last event of any kind
  events           int not null,
  consumer         text,                                -- who is billed: as the events say it
  team             text,
  pool             text,
  state            text not null check (state in ('pending', 'settling', 'billed', 'rejected')),
  reason           text,                                -- of the line that decided; null while pending
  line             int,                                 -- its index; null for else and what no line decided
  decided_at       timestamptz,
  decided_by       uuid[] not null,                     -- keys of the events that decided
  settles_at       timestamptz,
  due_at           timestamptz,                         -- when it has to be looked at again
  times_billed     int not null,
  billed_event     uuid,                                -- the event that bills it now; null when none does
  billed_transaction uuid,                              -- where that event stands
  billed_ordinal   int,
  billed_at        timestamptz,
  reversed_at      timestamptz,
  dispute          text check (dispute in ('open', 'accepted', 'rejected')),
  dispute_reason   text,
  disputed_at      timestamptz,
  disputed_by      text,
  dispute_answer   text,
  dispute_decided_at timestamptz,
  disputed_decision timestamptz,                        -- decided_at of what is disputed
  updated_at       timestamptz not null,
  check ((billed_event is not null) = (state = 'billed')),
  primary key (tenant_id, product, case_key),
  foreign key (rule, rule_version) references outcome_rule_versions
);
create index outcome_cases_due on outcome_cases (tenant_id, due_at) where due_at is not null;
create index outcome_cases_opened on outcome_cases (tenant_id, opened_at, product, case_key);
create index outcome_cases_disputed on outcome_cases (disputed_at) where dispute = 'open';

create table outcome_case_events (
  tenant_id        bigint not null,
  product          text not null,
  case_key         text not null,
  event_key        uuid not null,
  type             text not null,
  occurred_at      timestamptz not null,
  work             boolean not null,                    -- measured usage that the rule does not read
  data             json,                                -- the properties that the rule reads
  consumer         text,                                -- whom it names
  team             text,
  pool             text,
  primary key (tenant_id, product, case_key, event_key),
  foreign key (tenant_id, product, case_key) references outcome_cases
);
create index outcome_case_events_event on outcome_case_events (tenant_id, event_key);
