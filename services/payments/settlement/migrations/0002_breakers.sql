-- Who put a circuit breaker into a state. What all replicas obey is the last row of each breaker.
create table if not exists circuit_breaker_choice (
  seq        bigint       not null auto_increment primary key,
  name       varchar(64)  not null,
  from_state varchar(32)  not null,
  to_state   varchar(32)  not null check (to_state in ('closed', 'disabled', 'forced_open', 'forced_half_open')),
  reason     varchar(256) not null,
  subject    varchar(256) not null,
  client_id  varchar(64)  not null,
  -- Which replica was told, and had been in `from_state`.
  instance   varchar(64)  not null,
  at         datetime(3)  not null default current_timestamp(3),

  key choice_of_breaker (name, seq)
) engine = InnoDB, character set utf8mb4, collate utf8mb4_nopad_bin;
