create table inbox (
  consumer text        not null,
  event_id text        not null,
  at       timestamptz not null default now(),
  primary key (consumer, event_id)
);

create index inbox_at on inbox (at);
