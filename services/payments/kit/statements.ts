import { statement } from '../../kit/mariadb.ts'

/** Names of a worker’s table and of what differs in it. */
export interface Tables {
  /** Begins the names of its statements. */
  readonly name: string
  readonly requests: string
  readonly audit: string
  /** The column of the amount. */
  readonly amount: string
  /** The column of the gateway’s own id. */
  readonly transaction: string
}

export type Statements = ReturnType<typeof statementsOf>

export const statementsOf = (tables: Tables) => ({
  ...taking(tables),
  ...working(tables),
  ...dead(tables),
  ...looking(tables),
  ...purging(tables),
})

const inMs = 'now(3) + interval (1000 * ?) microsecond'

const columnsOf = ({
  amount,
}: Tables) => `seq, id, payment_id as paymentId, merchant_id as merchantId,
  version, ${amount} as amount, currency, status, attempt, retry_count as retryCount, dead_at is not null as isDead,
  unknown_since is not null or call_since is not null as isUnknown, traceparent,
  timestampdiff(microsecond, requested_at, now(3)) div 1000 as ageMs`

const taking = (tables: Tables) => ({
  add: statement(
    `${tables.name}_add`,
    `insert into ${tables.requests} (id, payment_id, merchant_id, version, ${tables.amount}, currency, event,
       headers, traceparent, source_partition, source_offset)
     values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     on duplicate key update seen = seen + 1
     returning seen = 1 as isFirst, payment_id as paymentId, ${tables.amount} as amount, currency`,
  ),
  lock: statement(
    `${tables.name}_lock`,
    `select ${columnsOf(tables)} from ${tables.requests} where id = ? for update`,
  ),
  reopen: statement(
    `${tables.name}_reopen`,
    `update ${tables.requests} set status = 'PENDING', retry_count = 0, dead_at = null, letter_due_at = null,
       completed_at = null, next_retry_at = now(3)
     where seq = ? and status = 'FAILED' and dead_at is not null`,
  ),
  note: statement(
    `${tables.name}_note`,
    `insert into ${tables.audit} (request_id, action, subject, client_id) values (?, ?, ?, ?)`,
  ),
})

/** Rows by a list of seqs, sent as JSON. */
const wanted = ({ requests }: Tables) => `json_table(?, '$[*]' columns (seq bigint path '$')) wanted
  straight_join ${requests} force index (primary) on ${requests}.seq = wanted.seq`

const working = (tables: Tables) => ({
  due: statement(
    `${tables.name}_due`,
    `select ${columnsOf(tables)} from ${tables.requests} force index (request_due)
     where status = 'PENDING' and next_retry_at <= now(3)
     order by next_retry_at limit ? for update skip locked`,
  ),
  // Whoever had it has not said what came of it. An update of several tables keeps no order, so this is one before it.
  orphan: statement(
    `${tables.name}_orphan`,
    `update ${wanted(tables)} set unknown_since = call_since
     where unknown_since is null and call_since is not null`,
  ),
  lease: statement(
    `${tables.name}_lease`,
    `update ${wanted(tables)} set attempt = attempt + 1, call_since = now(3), next_retry_at = ${inMs}`,
  ),
  end: statement(
    `${tables.name}_end`,
    `update ${tables.requests} set status = ?, ${tables.transaction} = ?, pg_response_code = ?,
       pg_response_message = ?, retry_count = retry_count + ?, last_retry_at = now(3), completed_at = now(3),
       dead_at = case when ? = 1 then now(3) end, letter_due_at = dead_at,
       next_retry_at = null, call_since = null, unknown_since = null
     where seq = ? and attempt = ? and status = 'PENDING'`,
  ),
  postpone: statement(
    `${tables.name}_postpone`,
    `update ${tables.requests} set pg_response_code = ?, pg_response_message = ?, retry_count = retry_count + ?,
       unknown_since = case when ? = 1 then coalesce(unknown_since, call_since) else unknown_since end,
       last_retry_at = now(3), next_retry_at = ${inMs}, call_since = null
     where seq = ? and attempt = ? and status = 'PENDING'`,
  ),
  giveBack: statement(
    `${tables.name}_give_back`,
    `update ${tables.requests} set next_retry_at = ${inMs}, call_since = null
     where seq = ? and attempt = ? and status = 'PENDING'`,
  ),
})

const dead = ({ name, requests }: Tables) => ({
  dead: statement(
    `${name}_dead`,
    `select id from ${requests} force index (request_dead) where dead_at is not null order by dead_at limit ?`,
  ),
  letters: statement(
    `${name}_letters`,
    `select seq, attempt, payment_id as paymentId, event, headers, source_partition as \`partition\`,
       source_offset as \`offset\`, retry_count as retryCount, pg_response_code as code,
       pg_response_message as message, requested_at as requestedAt
     from ${requests} force index (request_letters) where letter_due_at <= now(3) order by letter_due_at limit ?`,
  ),
  holdLetter: statement(
    `${name}_hold_letter`,
    `update ${requests} set letter_due_at = ${inMs} where seq = ? and attempt = ? and letter_due_at <= now(3)`,
  ),
  letterSent: statement(
    `${name}_letter_sent`,
    `update ${requests} set letter_due_at = null where seq = ? and attempt = ?`,
  ),
})

const secondsSince = (column: string) =>
  `coalesce(timestampdiff(microsecond, min(${column}), now(3)), 0) / 1e6`

/** Each reads one index. */
const looking = ({ name, requests, audit, amount }: Tables) => ({
  pending: statement(
    `${name}_pending`,
    `select count(*) as count, ${secondsSince('requested_at')} as seconds
     from ${requests} force index (request_status) where status = 'PENDING'`,
  ),
  unknown: statement(
    `${name}_unknown`,
    `select count(*) as count, ${secondsSince('unknown_since')} as seconds
     from ${requests} force index (request_unknown) where unknown_since is not null`,
  ),
  deadCount: statement(
    `${name}_dead_count`,
    `select count(*) as count, ${secondsSince('dead_at')} as seconds
     from ${requests} force index (request_dead) where dead_at is not null`,
  ),
  totals: statement(
    `${name}_totals`,
    `select status, currency, count(*) as count, sum(${amount}) as amount
     from ${requests} force index (request_totals) group by status, currency`,
  ),
  failures: statement(
    `${name}_failures`,
    `select retry_count as retryCount, count(*) as count from ${requests} where status = 'FAILED'
     group by retry_count order by retry_count`,
  ),
  late: statement(
    `${name}_late`,
    `select count(*) as count from ${requests} force index (request_status)
     where status = 'PENDING' and requested_at < now(3) - interval ? second`,
  ),
  trail: statement(
    `${name}_trail`,
    `select id, request_id as requestId, action, subject, client_id as clientId, at from ${audit}
     where id < ? and (? is null or request_id = ?) order by id desc limit ?`,
  ),
})

const purging = ({ name, requests, audit }: Tables) => ({
  // Beside one that was given up stay all of its payment: what was asked for since speaks against taking it up again.
  forget: statement(
    `${name}_forget`,
    `delete from ${requests} where completed_at < now(3) - interval ? day
       and not exists (select 1 from ${requests} dead where dead.payment_id = ${requests}.payment_id and dead.dead_at is not null)
     limit ?`,
  ),
  forgetActs: statement(
    `${name}_forget_acts`,
    `delete from ${audit} where at < now(3) - interval ? day limit ?`,
  ),
})
