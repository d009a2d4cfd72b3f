-- A payment is reserved before the gateway is asked. `version` counts changes of state, `attempt` those who take over:
-- whoever writes names both, so nobody who was overtaken can.
create table if not exists payment (
  payment_id      varchar(36) not null primary key,
  merchant_id     varchar(32) not null,
  idempotency_key varchar(64) not null,
  request_hash    char(64)    not null,
  amount          bigint      not null check (amount between 1 and 1000000000000),
  currency        char(3)     not null,
  capture         varchar(16) not null check (capture in ('automatic', 'manual')),
  status          varchar(32) not null check (status in ('READY', 'AUTHORIZED', 'AUTH_FAILED', 'CAPTURE_REQUESTED',
    'CAPTURED', 'CAPTURE_FAILED', 'PARTIAL_REFUNDED', 'REFUNDED', 'VOIDED')),
  version         integer     not null default 1,
  attempt         integer     not null default 1,
  -- What the gateway was asked and has not been heard to answer.
  pending_call    varchar(16) check (pending_call in ('authorize', 'void')),
  pending_since   datetime(3),
  lease_until     datetime(3),
  -- When somebody has to look at it again, whatever its state.
  resolve_after   datetime(3),
  approval_number varchar(32),
  transaction_id  varchar(32),
  failure_code    varchar(64),
  captured        bigint      not null default 0,
  refund_reserved bigint      not null default 0,
  refunded        bigint      not null default 0,
  requested_at    datetime(3) not null default current_timestamp(3),
  updated_at      datetime(3) not null default current_timestamp(3) on update current_timestamp(3),

  unique key uk_idem (merchant_id, idempotency_key),
  key payment_of_merchant (merchant_id, payment_id),
  key payment_by_status (status, requested_at),
  key payment_pending (pending_since),
  key payment_due (resolve_after),
  constraint payment_pending_whole check ((pending_call is null) = (pending_since is null)),
  constraint payment_refunds check (refunded <= refund_reserved and refund_reserved <= captured and captured <= amount)
) engine = InnoDB, character set utf8mb4, collate utf8mb4_nopad_bin;

-- Every state after READY.
create table if not exists payment_history (
  payment_id varchar(36) not null,
  version    integer     not null,
  status     varchar(32) not null,
  reason     varchar(64),
  at         datetime(3) not null default current_timestamp(3),

  primary key (payment_id, version),
  constraint history_of_payment foreign key (payment_id) references payment (payment_id) on delete restrict
) engine = InnoDB, character set utf8mb4, collate utf8mb4_nopad_bin;

-- Final answers as they were given, to the byte.
create table if not exists idem_response_cache (
  merchant_id     varchar(32) not null,
  idempotency_key varchar(64) not null,
  http_status     integer     not null,
  response_body   text        not null,
  created_at      datetime(3) not null default current_timestamp(3),

  primary key (merchant_id, idempotency_key),
  key responses_by_age (created_at)
) engine = InnoDB, character set utf8mb4, collate utf8mb4_nopad_bin;

create table if not exists refund (
  refund_id       varchar(36)  not null primary key,
  payment_id      varchar(36)  not null,
  idempotency_key varchar(64)  not null,
  amount          bigint       not null check (amount > 0),
  reason          varchar(128) not null,
  status          varchar(32)  not null check (status in ('REFUND_REQUESTED', 'REFUNDED', 'REFUND_FAILED')),
  failure_code    varchar(64),
  requested_at    datetime(3)  not null default current_timestamp(3),
  updated_at      datetime(3)  not null default current_timestamp(3) on update current_timestamp(3),

  unique key refund_once (payment_id, idempotency_key),
  constraint refund_of_payment foreign key (payment_id) references payment (payment_id) on delete restrict
) engine = InnoDB, character set utf8mb4, collate utf8mb4_nopad_bin;
