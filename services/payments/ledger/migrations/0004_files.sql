-- Files of the gateway that were compared with the books; the same file is taken once.
create table if not exists gateway_file (
  file_id    bigint       not null auto_increment primary key,
  hash       char(64)     not null,
  subject    varchar(255) not null,
  client_id  varchar(255) not null,
  uploaded_at datetime(3) not null default current_timestamp(3),

  unique key file_once (hash)
) engine = InnoDB, character set utf8mb4, collate utf8mb4_nopad_bin;

-- Each row of a file, and each fact of its time that is in no file (line 0), with what the comparison said.
create table if not exists gateway_file_row (
  row_id       bigint       not null auto_increment primary key,
  file_id      bigint       not null,
  line         integer      not null,
  gateway_id   varchar(64),
  op_key       varchar(128) not null,
  type         varchar(16)  not null check (type in ('capture', 'refund')),
  amount       bigint       not null,
  currency     char(3)      not null,
  occurred_at  datetime(3)  not null,
  result       varchar(24)  not null check (result in ('matched', 'amount', 'currency', 'status',
    'missing_in_books', 'missing_in_gateway', 'duplicate')),
  booked_amount   bigint,
  booked_currency char(3),

  key rows_of_file (file_id, result, row_id),
  key rows_by_key (type, op_key),
  constraint row_of_file foreign key (file_id) references gateway_file (file_id) on delete restrict
) engine = InnoDB, character set utf8mb4, collate utf8mb4_nopad_bin;
