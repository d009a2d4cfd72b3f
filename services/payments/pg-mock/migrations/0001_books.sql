-- What was decided, once for each key. A void of a key that nobody has seen leaves its tombstone here.
create table if not exists operation (
  op_key          varchar(128) not null primary key,
  type            varchar(16)  not null check (type in ('authorize', 'capture', 'refund')),
  base_key        varchar(128),
  merchant_id     varchar(32),
  amount          bigint check (amount > 0),
  currency        char(3),
  result          varchar(16)  not null check (result in ('approved', 'declined', 'voided')),
  code            varchar(32)  not null,
  approval_number varchar(32),
  transaction_id  varchar(32),
  at              datetime(3)  not null default current_timestamp(3),

  key operation_base (base_key, type)
) engine = InnoDB, character set utf8mb4, collate utf8mb4_nopad_bin;

-- One row for each call. Nothing in the service updates or deletes one.
create table if not exists call_log (
  id       bigint       not null auto_increment primary key,
  type     varchar(16)  not null check (type in ('authorize', 'capture', 'refund', 'void')),
  op_key   varchar(128) not null,
  outcome  varchar(16)  not null check (outcome in ('approved', 'declined', 'voided', 'tombstone', 'replayed', 'refused', 'failed')),
  amount   bigint,
  currency char(3),
  at       datetime(3)  not null default current_timestamp(3),

  key call_log_key (op_key)
) engine = InnoDB, character set utf8mb4, collate utf8mb4_nopad_bin;
