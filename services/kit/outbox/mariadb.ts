import { statement } from '../sql.ts'
import type { OutboxDialect } from './dialect.ts'
import type { Row } from './rows.ts'

/**
 * Rows by a list of seqs, sent as JSON. Indexes are named throughout: by statistics of yesterday, or of a table that is
 * nearly empty, the optimizer reads all rows, and locks those of others.
 */
const wanted = `json_table(?, '$[*]' columns (seq bigint path '$')) wanted
  straight_join outbox force index (primary) on outbox.seq = wanted.seq`

/** Unpublished rows of the same aggregate before a row of `outbox`. */
const earlier = `outbox earlier force index (outbox_aggregate)
  where earlier.topic = outbox.topic and earlier.\`key\` = outbox.\`key\` and earlier.published_at is null
    and earlier.seq < outbox.seq`

const lock = statement(
  'outbox_lock',
  `select seq, id, topic, \`key\`, payload, traceparent, created_at as createdAt
   from outbox force index (outbox_published)
   where published_at is null and dead_at is null
     and available_at <= now(6) and (leased_until is null or leased_until < now(6))
     and not exists (select 1 from ${earlier}
       and (earlier.dead_at is not null or earlier.available_at > now(6) or earlier.leased_until >= now(6)))
   order by seq limit ? for update skip locked`,
)

const blocked = statement(
  'outbox_blocked',
  `select outbox.seq from ${wanted}
   where exists (select 1 from ${earlier} and not json_contains(?, earlier.seq))`,
)

const lease = statement(
  'outbox_lease',
  `update ${wanted} set leased_until = now(6) + interval ? second, leased_by = ?`,
)

const list = (seqs: readonly number[]): string => JSON.stringify(seqs)

/** The outbox in MariaDB, whose updates return no rows: a claim is a transaction. */
export const mariadbOutbox: OutboxDialect = {
  add: statement(
    'outbox_add',
    `insert into outbox (id, topic, \`key\`, payload, traceparent) values (?, ?, ?, ?, ?)`,
  ),
  publish: statement(
    'outbox_published',
    `update ${wanted}
     set published_at = now(6), leased_until = null, leased_by = null, error = null`,
  ),
  // Assignments count from left to right: the attempts come last.
  refuse: statement(
    'outbox_refused',
    `update outbox set error = ?, leased_until = null, leased_by = null,
       available_at = now(6) + interval pow(2, attempts + 1) second,
       dead_at = case when attempts + 1 >= ? then now(6) end, attempts = attempts + 1
     where seq = ? and leased_by = ?`,
  ),
  release: statement(
    'outbox_released',
    `update ${wanted} set leased_until = null, leased_by = null where leased_by = ?`,
  ),
  releaseAll: statement(
    'outbox_released_all',
    `update outbox force index (outbox_published) set leased_until = null, leased_by = null
     where published_at is null and leased_by = ?`,
  ),
  backlog: statement(
    'outbox_backlog',
    `select count(case when dead_at is null then 1 end) as pending, count(dead_at) as dead,
       coalesce(timestampdiff(microsecond, min(case when dead_at is null then created_at end), now(6)) / 1e6, 0)
         as oldestSeconds
     from outbox where published_at is null`,
  ),
  purge: statement(
    'outbox_purge',
    `delete from outbox where published_at < now(6) - interval ? second limit ?`,
  ),
  list,
  // READ COMMITTED: each statement sees what is there now, and no gap is locked in which writers add rows.
  claim: (database, { relay, count, seconds }) =>
    database.transaction(
      async (tx) => {
        const locked = await tx.query<Row>(lock, [count])
        if (locked.length === 0) return []
        const seqs = list(locked.map(({ seq }) => seq))
        const late = await tx.query<{ seq: number }>(blocked, [seqs, seqs])
        const waiting = new Set(late.map(({ seq }) => seq))
        const free = locked.filter(({ seq }) => !waiting.has(seq))
        await tx.change(lease, [list(free.map(({ seq }) => seq)), seconds, relay])
        return free
      },
      { isolation: 'read committed', quiet: true },
    ),
}
