-- A payment is captured once: the id of its request is its own. `attempt` counts those who took it up, and whoever
-- writes names it. `next_retry_at` says when somebody has to look at it, also while somebody else asks the gateway.
create table if not exists settlement_request (
  seq bigint not null auto_increment primary key,
  id varchar(36) not null,
  payment_id varchar(36) not null,
  merchant_id varchar(32) not null,
  version bigint not null,
  request_amount bigint not null check (request_amount between 1 and 1000000000000),
  currency char(3) not null,
  status varchar(50) not null default 'PENDING' check (status in ('PENDING', 'SUCCESS', 'FAILED')),
  pg_transaction_id varchar(255),
  pg_response_code varchar(50),
  pg_response_message text,
  attempt integer not null default 0,
  retry_count integer not null default 0,
  last_retry_at datetime(3),
  next_retry_at datetime(3) default current_timestamp(3),
  -- The gateway is asked, and nothing was written of its answer.
  call_since datetime(3),
  -- Since then nobody knows whether it was done.
  unknown_since datetime(3),
  -- Given up; people decide. Its dead letter is to be sent at `letter_due_at`.
  dead_at datetime(3),
  letter_due_at datetime(3),
  requested_at datetime(3) not null default current_timestamp(3),
  completed_at datetime(3),
  -- The record that asked for it, for its dead letter, and how often it came.
  event mediumtext not null,
  headers mediumtext not null,
  traceparent varchar(255),
  source_partition integer not null,
  source_offset bigint not null,
  seen integer not null default 1,

  unique key request_id (id),
  key request_payment (payment_id),
  key request_due (status, next_retry_at),
  key request_status (status, requested_at),
  key request_unknown (unknown_since),
  key request_dead (dead_at),
  key request_letters (letter_due_at),
  key request_totals (status, currency, request_amount)
) engine = InnoDB, character set utf8mb4, collate utf8mb4_nopad_bin;

create table if not exists settlement_audit (
  id bigint not null auto_increment primary key,
  request_id varchar(36) not null,
  action varchar(32) not null,
  subject varchar(255) not null,
  client_id varchar(255) not null,
  at datetime(3) not null default current_timestamp(3),

  key audit_request (request_id, id)
) engine = InnoDB, character set utf8mb4, collate utf8mb4_nopad_bin;
