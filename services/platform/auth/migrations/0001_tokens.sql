create table clients (
  id text primary key,
  secret_hash bytea not null,
  scopes text[] not null,
  impersonates boolean not null,
  enabled boolean not null default true,
  updated_at timestamptz not null default now()
);

-- Next, current or previous follows from usable_from and the clock; no row says it.
create table signing_keys (
  kid text primary key,
  public_jwk jsonb not null,
  sealed bytea not null,
  usable_from timestamptz not null unique
);

-- All refresh tokens that descend from one grant.
create table refresh_families (
  id uuid primary key,
  client_id text not null references clients (id),
  subject text not null,
  created_at timestamptz not null,
  revoked_at timestamptz,
  revoked_because text
);

create table refresh_tokens (
  hash bytea primary key,
  family_id uuid not null references refresh_families (id) on delete cascade,
  scopes text[] not null,
  issued_at timestamptz not null,
  expires_at timestamptz not null,
  used_at timestamptz
);

create index refresh_tokens_family on refresh_tokens (family_id);
create index refresh_tokens_expiry on refresh_tokens (expires_at);
