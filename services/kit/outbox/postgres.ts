import { statement } from '../sql.ts'
import type { OutboxDialect } from './dialect.ts'

const claim = statement(
  'outbox_claim',
  `with locked as materialized (
     select seq, topic, key from outbox row
     where published_at is null and dead_at is null
       and available_at <= now() and (leased_until is null or leased_until < now())
       and not exists (
         select from outbox earlier
         where earlier.topic = row.topic and earlier.key = row.key and earlier.seq < row.seq
           and earlier.published_at is null
           and (earlier.dead_at is not null or earlier.available_at > now() or earlier.leased_until >= now()))
     order by seq limit $1 for update skip locked
   ), free as (
     select seq from locked row
     where not exists (
       select from outbox earlier
       where earlier.topic = row.topic and earlier.key = row.key and earlier.seq < row.seq
         and earlier.published_at is null and earlier.seq not in (select seq from locked))
   ), leased as (
     update outbox set leased_until = now() + make_interval(secs => $2), leased_by = $3
     from free where outbox.seq = free.seq
     returning outbox.seq, id, topic, key, payload, traceparent, created_at
   )
   select seq, id, topic, key, payload, traceparent, created_at as "createdAt" from leased order by seq`,
)

/** The outbox in Postgres: a claim is one statement. */
export const postgresOutbox: OutboxDialect = {
  add: statement(
    'outbox_add',
    `insert into outbox (id, topic, key, payload, traceparent) values ($1, $2, $3, $4, $5)`,
  ),
  publish: statement(
    'outbox_published',
    `update outbox set published_at = now(), leased_until = null, leased_by = null, error = null
     where seq = any($1::bigint[])`,
  ),
  refuse: statement(
    'outbox_refused',
    `update outbox set error = $1, leased_until = null, leased_by = null,
       available_at = now() + make_interval(secs => 2 ^ (attempts + 1)),
       dead_at = case when attempts + 1 >= $2 then now() end, attempts = attempts + 1
     where seq = $3 and leased_by = $4`,
  ),
  release: statement(
    'outbox_released',
    `update outbox set leased_until = null, leased_by = null
     where seq = any($1::bigint[]) and leased_by = $2`,
  ),
  releaseAll: statement(
    'outbox_released_all',
    `update outbox set leased_until = null, leased_by = null
     where published_at is null and leased_by = $1`,
  ),
  backlog: statement(
    'outbox_backlog',
    `select count(*) filter (where dead_at is null) as pending,
       count(*) filter (where dead_at is not null) as dead,
       coalesce(extract(epoch from now() - min(created_at) filter (where dead_at is null)), 0)::float8
         as "oldestSeconds"
     from outbox where published_at is null`,
  ),
  purge: statement(
    'outbox_purge',
    `delete from outbox where seq in (
       select seq from outbox where published_at < now() - make_interval(secs => $1) limit $2)`,
  ),
  list: (seqs) => seqs,
  claim: (database, { relay, count, seconds }) => database.query(claim, [count, seconds, relay]),
}
