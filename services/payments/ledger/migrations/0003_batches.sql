-- A row for each posting, written with it: the batch that it is in, none at first. Postings themselves never change.
create table if not exists inclusion (
  entry_id    bigint      not null primary key,
  batch_id    bigint,
  merchant_id varchar(32) not null,
  currency    char(3)     not null,
  posted_at   datetime(3) not null,

  key open_inclusions (batch_id, merchant_id, currency, posted_at)
) engine = InnoDB, character set utf8mb4, collate utf8mb4_nopad_bin;

insert ignore into inclusion (entry_id, merchant_id, currency, posted_at)
  select entry_id, merchant_id, currency, posted_at from ledger_entry;

-- What a merchant is to be paid for a day, or owes if it is negative.
create table if not exists settlement_batch (
  batch_id      bigint      not null auto_increment primary key,
  business_date date        not null,
  merchant_id   varchar(32) not null,
  currency      char(3)     not null,
  captured      bigint      not null check (captured >= 0),
  refunded      bigint      not null check (refunded >= 0),
  net           bigint      not null,
  postings      integer     not null check (postings > 0),
  closed_at     datetime(3) not null default current_timestamp(3),

  unique key batch_once (business_date, merchant_id, currency),
  key batches_of_merchant (merchant_id, batch_id),
  constraint batch_net check (net = captured - refunded)
) engine = InnoDB, character set utf8mb4, collate utf8mb4_nopad_bin;

create table if not exists closed_day (
  business_date date        not null primary key,
  closed_at     datetime(3) not null default current_timestamp(3)
) engine = InnoDB, character set utf8mb4, collate utf8mb4_nopad_bin;
