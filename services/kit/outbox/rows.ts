import { statement, type Postgres } from '../postgres.ts'
import { purgeAll } from '../purge.ts'

/** An event that waits to be published. */
export interface Row {
  readonly seq: number
  readonly id: string
  readonly topic: string
  readonly key: string
  readonly payload: string
  readonly traceparent: string | null
  readonly createdAt: Date
}

/** What the relay's gauges say. */
export interface Backlog {
  readonly pending: number
  readonly dead: number
  readonly oldestSeconds: number
}

/**
 * A crashed relay's rows are free again after the lease. A row that the broker refuses is dead after five attempts,
 * 2, 4, 8 and 16 s apart. Published rows are kept for an hour, to be looked at.
 */
export const limits = {
  claimed: 500,
  leaseSeconds: 30,
  attempts: 5,
  keptSeconds: 3600,
  purged: 5000,
}

/**
 * Rows of an aggregate leave in their order: one is free only when no earlier one of its key is unpublished, unless
 * that one is claimed with it. The first check keeps waiting rows from filling the window, the second closes the
 * race with a relay that has locked but not yet leased (`skip locked` passes over its rows).
 */
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

const publish = statement(
  'outbox_published',
  `update outbox set published_at = now(), leased_until = null, leased_by = null, error = null
   where seq = any($1::bigint[])`,
)

const refuse = statement(
  'outbox_refused',
  `update outbox set attempts = attempts + 1, error = $2, leased_until = null, leased_by = null,
     available_at = now() + make_interval(secs => 2 ^ (attempts + 1)),
     dead_at = case when attempts + 1 >= $3 then now() end
   where seq = $1 and leased_by = $4`,
)

const release = statement(
  'outbox_released',
  `update outbox set leased_until = null, leased_by = null
   where seq = any($1::bigint[]) and leased_by = $2`,
)

const backlog = statement(
  'outbox_backlog',
  `select count(*) filter (where dead_at is null) as pending,
     count(*) filter (where dead_at is not null) as dead,
     coalesce(extract(epoch from now() - min(created_at) filter (where dead_at is null)), 0)::float8
       as "oldestSeconds"
   from outbox where published_at is null`,
)

const purge = statement(
  'outbox_purge',
  `with gone as (
     delete from outbox where seq in (
       select seq from outbox where published_at < now() - make_interval(secs => $1) limit $2)
     returning seq
   ) select count(*) as gone from gone`,
)

/** Leases up to `count` rows to `relay`, in order. */
export const claimRows = (database: Postgres, relay: string, count: number): Promise<Row[]> =>
  database.query<Row>(claim, [count, limits.leaseSeconds, relay])

/** They are on the broker, whoever holds the lease by now. */
export const markPublished = async (database: Postgres, seqs: readonly number[]): Promise<void> => {
  if (seqs.length > 0) await database.query(publish, [seqs])
}

/** Counts an attempt of a row that the broker refused; the last one makes it dead. */
export const markRefused = async (
  database: Postgres,
  relay: string,
  refused: { seq: number; error: string },
): Promise<void> =>
  void (await database.query(refuse, [refused.seq, refused.error, limits.attempts, relay]))

/** Gives rows back as they were. */
export const giveBack = async (
  database: Postgres,
  relay: string,
  seqs: readonly number[],
): Promise<void> => {
  if (seqs.length > 0) await database.query(release, [seqs, relay])
}

export const readBacklog = async (database: Postgres): Promise<Backlog | undefined> =>
  (await database.query<Backlog>(backlog))[0]

/** Deletes all published rows that nobody needs to look at any more. */
export const purgePublished = (database: Postgres, stopped?: AbortSignal): Promise<number> =>
  purgeAll(
    database,
    { statement: purge, values: [limits.keptSeconds], limit: limits.purged },
    stopped,
  )
