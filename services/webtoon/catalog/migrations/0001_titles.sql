-- A deleted title stays as a tombstone, so that a title of the same id goes on counting versions where it ended.
create table catalog (
  id varchar primary key check (id ~ '^w-[A-Za-z0-9-]{1,64}$'),
  title varchar not null check (char_length(title) between 1 and 255),
  author varchar check (char_length(author) <= 100),
  "desc" text check (char_length("desc") <= 2000),
  tags text[] not null default '{}' check (cardinality(tags) <= 20),
  version bigint not null check (version > 0),
  updated_at timestamptz(3) not null,
  deleted_at timestamptz(3)
);

create index catalog_tags on catalog using gin (tags) where deleted_at is null;

create table catalog_audit (
  id varchar not null references catalog (id),
  version bigint not null,
  change varchar not null check (change in ('created', 'updated', 'deleted')),
  subject varchar not null,
  client_id varchar not null,
  before jsonb check ((before is null) = (change = 'created')),
  after jsonb check ((after is null) = (change = 'deleted')),
  at timestamptz(3) not null,
  primary key (id, version)
);
