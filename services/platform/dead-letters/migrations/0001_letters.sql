-- A row a dead letter: the record as it came. `claimed_until`: somebody is sending it back at this moment.
create table dead_letters (
  id uuid primary key,
  topic varchar not null,
  partition integer not null,
  "offset" bigint not null,
  event_id varchar not null,
  original_topic varchar not null,
  original_partition integer not null,
  original_offset bigint not null,
  key bytea,
  value bytea,
  edited bytea,
  -- json and not jsonb: a header's name may hold what jsonb refuses.
  headers json not null,
  error_class varchar not null,
  error_message text not null,
  attempts integer not null,
  first_failed_at timestamptz(3) not null,
  appended_at timestamptz(3) not null,
  received_at timestamptz(3) not null default clock_timestamp(),
  trace_id varchar not null,
  -- The letter that was sent back and came again as this one, and how often that has happened.
  replay_of uuid,
  replays integer not null default 0,
  state varchar not null default 'PENDING'
    check (state in ('PENDING', 'APPROVED', 'REJECTED', 'REPROCESSED')),
  state_at timestamptz(3) not null default clock_timestamp(),
  claimed_until timestamptz(3),
  unique (topic, partition, "offset")
);

create index dead_letters_by_event on dead_letters (event_id);
create index dead_letters_by_state on dead_letters (state, id);
create index dead_letters_open on dead_letters (original_topic, received_at) where state in ('PENDING', 'APPROVED');
create index dead_letters_closed on dead_letters (state_at) where state in ('REJECTED', 'REPROCESSED');

-- Outlives its letter: who did what, when, and what came of it.
create table dead_letter_audit (
  id bigint generated always as identity primary key,
  letter uuid not null,
  event_id varchar not null,
  before varchar not null,
  -- Null: the letter was deleted.
  after varchar,
  action varchar not null,
  subject varchar not null,
  client_id varchar not null,
  at timestamptz(3) not null default clock_timestamp(),
  detail jsonb not null default '{}'
);

create index dead_letter_audit_by_letter on dead_letter_audit (letter);
create index dead_letter_audit_by_event on dead_letter_audit (event_id);
