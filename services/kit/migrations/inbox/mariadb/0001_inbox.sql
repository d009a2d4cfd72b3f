create table if not exists inbox (
  consumer varchar(255) not null,
  event_id varchar(255) not null,
  at       datetime(6)  not null default current_timestamp(6),
  -- How often the event came; the first time alone has an effect.
  seen     integer      not null default 1,

  primary key (consumer, event_id),
  key inbox_at (at)
) engine = InnoDB, character set utf8mb4, collate utf8mb4_nopad_bin;
