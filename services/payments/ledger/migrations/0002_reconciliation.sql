create table if not exists reconciliation (
  run_id     bigint      not null auto_increment primary key,
  cause      varchar(16) not null check (cause in ('timer', 'request')),
  started_at datetime(3) not null,
  ended_at   datetime(3) not null default current_timestamp(3),
  -- What was counted and summed, as readers are told it.
  summary    mediumtext  not null,

  key reconciliations_by_age (ended_at)
) engine = InnoDB, character set utf8mb4, collate utf8mb4_nopad_bin;

-- What was found, worst first.
create table if not exists reconciliation_item (
  run_id bigint      not null,
  n      integer     not null,
  state  varchar(16) not null check (state in ('difference', 'in_flight')),
  item   text        not null,

  primary key (run_id, state, n),
  constraint item_of_run foreign key (run_id) references reconciliation (run_id) on delete cascade
) engine = InnoDB, character set utf8mb4, collate utf8mb4_nopad_bin;

-- One row: when the next run is due, whichever replica is there then.
create table if not exists reconciliation_clock (
  one    integer     not null primary key check (one = 1),
  due_at datetime(3) not null
) engine = InnoDB, character set utf8mb4, collate utf8mb4_nopad_bin;

insert ignore into reconciliation_clock (one, due_at) values (1, now(3));
