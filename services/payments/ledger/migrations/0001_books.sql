-- Two rows for each fact, one a side. The service may add rows here; it has no right to change or delete one.
create table if not exists ledger_entry (
  entry_id    bigint      not null auto_increment primary key,
  entry_type  varchar(16) not null check (entry_type in ('capture', 'refund')),
  -- The payment of a capture, the refund of a refund.
  business_id varchar(36) not null,
  side        varchar(8)  not null check (side in ('debit', 'credit')),
  account     varchar(64) not null check (account in ('merchant_receivable', 'cash')),
  payment_id  varchar(36) not null,
  merchant_id varchar(32) not null,
  amount      bigint      not null check (amount between 1 and 1000000000000),
  currency    char(3)     not null,
  occurred_at datetime(3) not null,
  posted_at   datetime(3) not null default current_timestamp(3),

  unique key posted_once (entry_type, business_id, side),
  key entries_of_payment (payment_id, entry_id),
  key entries_of_merchant (merchant_id, entry_id),
  key entries_by_time (occurred_at),
  -- Balances are read from the index alone.
  key balances (merchant_id, currency, account, side, amount)
) engine = InnoDB, character set utf8mb4, collate utf8mb4_nopad_bin;
