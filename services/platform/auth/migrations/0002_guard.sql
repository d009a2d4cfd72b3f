-- Token buckets of failed logins, by client and by address; shared by all replicas. Rows that are full again go.
create table failed_logins (
  key text primary key,
  tokens double precision not null,
  at timestamptz not null
);

-- Who did what to keys and tokens, and who was refused. Never a token, never a secret.
create table auth_audit (
  id bigint generated always as identity primary key,
  at timestamptz(3) not null default clock_timestamp(),
  action text not null,
  client_id text not null,
  subject text not null,
  address text not null,
  detail jsonb not null default '{}'
);

create index auth_audit_by_age on auth_audit (at);
