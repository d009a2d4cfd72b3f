create table outbox (
  seq          bigint generated always as identity primary key,
  id           uuid        not null unique,
  topic        text        not null,
  key          text        not null,
  payload      text        not null,
  traceparent  text,
  created_at   timestamptz not null default now(),
  attempts     integer     not null default 0,
  available_at timestamptz not null default now(),
  leased_until timestamptz,
  leased_by    text,
  published_at timestamptz,
  dead_at      timestamptz,
  error        text
);

-- The relay looks at unpublished rows only, however many published ones wait for the purge.
create index outbox_pending on outbox (seq) where published_at is null;
create index outbox_aggregate on outbox (topic, key, seq) where published_at is null;
create index outbox_published on outbox (published_at) where published_at is not null;
