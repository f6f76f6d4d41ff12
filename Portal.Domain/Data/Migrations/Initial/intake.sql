-- What became of the usage that was sent, written by each process every few seconds and kept for days. To be watched, not booked: real
-- time, and what a killed process had counted last is missing.
create table intake_minutes (
  minute           timestamptz not null,
  fate             text not null check (fate in ('accepted', 'unrated', 'duplicate', 'conflict', 'rejected')),
  events           bigint not null,
  primary key (minute, fate)
);

-- Of what did not simply go well: whose, what and why. Late events are accepted or unrated too.
create table intake_remarks (
  tenant_id        bigint not null,                     -- 0: none of ours was named
  hour             timestamptz not null,
  fate             text not null check (fate in ('unrated', 'duplicate', 'conflict', 'rejected', 'late')),
  code             text not null,                       -- why; '' where the fate says it
  type             text not null,                       -- of the events
  events           bigint not null,
  last_at          timestamptz not null,
  primary key (tenant_id, hour, fate, code, type)
);
create index intake_remarks_hour on intake_remarks (hour, fate);
