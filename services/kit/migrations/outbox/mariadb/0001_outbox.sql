create table if not exists outbox (
  seq          bigint       not null auto_increment primary key,
  id           uuid         not null,
  topic        varchar(249) not null,
  `key`        varchar(255) not null,
  payload      mediumtext   not null,
  traceparent  varchar(255),
  created_at   datetime(6)  not null default current_timestamp(6),
  attempts     integer      not null default 0,
  available_at datetime(6)  not null default current_timestamp(6),
  leased_until datetime(6),
  leased_by    varchar(255),
  published_at datetime(6),
  dead_at      datetime(6),
  error        text,

  unique key outbox_id (id),
  -- The relay looks at unpublished rows only, in their order (an index ends with the primary key), and the purge at others.
  key outbox_published (published_at),
  key outbox_aggregate (topic, `key`, published_at)
) engine = InnoDB, character set utf8mb4, collate utf8mb4_nopad_bin;
