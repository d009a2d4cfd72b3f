import type { Actor } from '../../kit/auth.ts'
import type { Deletion } from '../../kit/purge.ts'
import { statement, type Queryable } from '../../kit/postgres.ts'
import type { NewLetter } from './letter.ts'
import type { State } from './states.ts'

/** A letter's row. */
export interface Letter extends Omit<NewLetter, 'offset' | 'originalOffset'> {
  readonly offset: number
  readonly originalOffset: number
  readonly edited: Buffer | null
  readonly receivedAt: Date
  readonly state: State
  /** Of the original value, also where only its beginning was read. */
  readonly sizeBytes: number
  readonly isEdited: boolean
}

/** What happened to a letter; `detail` as JSON. */
export interface Act {
  readonly action: string
  readonly actor: Actor
  readonly detail?: Readonly<Record<string, unknown>>
}

/** Which letters; undefined fields do not narrow. */
export interface Filter {
  /** The original topic, or the dead-letter topic. */
  readonly topic?: string | undefined
  readonly cause?: string | undefined
  readonly states?: readonly State[] | undefined
}

const fixed = `id, topic, partition, "offset", event_id as "eventId",
  original_topic as "originalTopic", original_partition as "originalPartition",
  original_offset as "originalOffset", error_class as "errorClass",
  error_message as "errorMessage", attempts, first_failed_at as "firstFailedAt",
  appended_at as "appendedAt", received_at as "receivedAt", trace_id as "traceId",
  replay_of as "replayOf", replays, state, edited is not null as "isEdited",
  coalesce(octet_length(value), 0) as "sizeBytes"`

const whole = `${fixed}, key, value, edited, headers`

/** A page of large letters would not fit into memory: what lists show is the beginning of each. */
const brief = `${fixed}, substring(key for 256) as key, substring(value for 4097) as value,
  null as edited, '{}'::json as headers`

const unclaimed = `(claimed_until is null or claimed_until < clock_timestamp())`

const fitting = `($1::varchar is null or original_topic = $1 or topic = $1)
  and ($2::varchar is null or error_class = $2) and ($3::varchar[] is null or state = any ($3))`

/**
 * A compare-and-set with its audit row: both are written or neither.
 * @param set of the update, with parameters from $7 on
 */
const change = (set: string): string => `
  with was as (
    select id, state from dead_letters
    where id = $1 and state = any ($2::varchar[]) and ${unclaimed} for update
  ), changed as (
    update dead_letters as letter set ${set} from was where letter.id = was.id
    returning letter.*, was.state as before
  ), audit as (
    insert into dead_letter_audit (letter, event_id, before, after, action, subject, client_id, detail)
    select id, event_id, before, state, $3, $4, $5, $6::jsonb from changed
  )`

const statements = {
  keep: statement(
    'letter-keep',
    `insert into dead_letters (id, topic, partition, "offset", event_id, original_topic,
      original_partition, original_offset, key, value, headers, error_class, error_message, attempts,
      first_failed_at, appended_at, trace_id, replay_of, replays)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
    on conflict (topic, partition, "offset") do nothing returning id`,
  ),

  named: statement(
    'letter-named',
    `select ${brief} from dead_letters
    where (event_id = $1 or id = $2::uuid) and ($3::varchar is null or topic = $3)
      and ($4::integer is null or partition = $4) and ($5::bigint is null or "offset" = $5)
    order by id limit 11`,
  ),

  whole: statement('letter-whole', `select ${whole} from dead_letters where id = $1`),

  page: statement(
    'letter-page',
    `select ${brief} from dead_letters
    where ${fitting} and ($4::uuid is null or id > $4) order by id limit $5`,
  ),

  decide: statement(
    'letter-decide',
    `${change('state = $7, state_at = clock_timestamp()')} select id from changed`,
  ),

  edit: statement('letter-edit', `${change('edited = $7')} select id from changed`),

  claim: statement(
    'letter-claim',
    `${change('claimed_until = clock_timestamp() + make_interval(secs => $7)')}
    select ${whole} from changed`,
  ),

  settle: statement(
    'letter-settle',
    `with changed as (
      update dead_letters set state = $6, claimed_until = null, state_at = clock_timestamp()
      where id = $1 and state = 'APPROVED' returning id, event_id, state
    ), audit as (
      insert into dead_letter_audit (letter, event_id, before, after, action, subject, client_id, detail)
      select id, event_id, 'APPROVED', state, $2, $3, $4, $5::jsonb from changed
    )
    select id from changed`,
  ),

  history: statement(
    'letter-history',
    `select letter, action, before, after, subject, client_id as "clientId", at, detail
    from dead_letter_audit where event_id = $1 or letter = $2::uuid order by id limit 1000`,
  ),

  states: statement(
    'letter-states',
    `select state, count(*) as count from dead_letters group by state`,
  ),

  causes: statement(
    'letter-causes',
    `select original_topic as topic, error_class as cause, count(*) as count,
      min(received_at) as oldest, max(received_at) as newest, min(id::text) as example,
      min(error_message) as message
    from dead_letters where ($1::varchar is null or original_topic = $1 or topic = $1)
      and state in ('PENDING', 'APPROVED')
    group by 1, 2 order by count(*) desc, 1, 2 limit 100`,
  ),

  open: statement(
    'letter-open',
    `select original_topic as topic, count(*) as count,
      extract(epoch from clock_timestamp() - min(received_at))::float8 as seconds
    from dead_letters where state in ('PENDING', 'APPROVED') group by 1`,
  ),

  remove: statement(
    'letter-remove',
    `with gone as (
      delete from dead_letters where id in (
        select id from dead_letters where state in ('REJECTED', 'REPROCESSED')
          and state_at <= clock_timestamp() - make_interval(days => $1) limit $4 for update skip locked)
      returning id, event_id, state
    )
    insert into dead_letter_audit (letter, event_id, before, after, action, subject, client_id)
    select id, event_id, state, null, 'removed', $2, $3 from gone`,
  ),
}

/** Keeps a letter; false when it is here already. */
export async function keep(db: Queryable, letter: NewLetter): Promise<boolean> {
  const { id, topic, partition, offset, eventId } = letter
  const origin = [letter.originalTopic, letter.originalPartition, letter.originalOffset]
  const content = [letter.key, letter.value, JSON.stringify(letter.headers)]
  const failure = [letter.errorClass, letter.errorMessage, letter.attempts, letter.firstFailedAt]
  const rest = [letter.appendedAt, letter.traceId, letter.replayOf, letter.replays]
  const values = [id, topic, partition, offset, eventId, ...origin, ...content, ...failure, ...rest]
  return (await db.query(statements.keep, values)).length > 0
}

/** What narrows an event id: the dead letter's own place. */
export interface Place {
  readonly topic?: string | undefined
  readonly partition?: number | undefined
  readonly offset?: string | undefined
}

/** The beginnings of letters with that event id, or of the one with that id; eleven at most. */
export const lettersNamed = (
  db: Queryable,
  name: string,
  { topic, partition, offset }: Place,
): Promise<Letter[]> =>
  db.query(statements.named, [name, uuidOr(name), topic ?? null, partition ?? null, offset ?? null])

/** A letter with all its bytes. */
export const wholeLetter = async (db: Queryable, id: string): Promise<Letter | undefined> =>
  (await db.query<Letter>(statements.whole, [id]))[0]

/** The beginnings of at most `size` letters after one, oldest first. */
export const pageOfLetters = (
  db: Queryable,
  { topic, cause, states }: Filter,
  { after, size }: { after: string | undefined; size: number },
): Promise<Letter[]> =>
  db.query(statements.page, [topic ?? null, cause ?? null, states ?? null, after ?? null, size])

const actValues = ({ action, actor, detail = {} }: Act) => [
  action,
  actor.subject,
  actor.clientId,
  JSON.stringify(detail),
]

/** A change from one of the states `from`. */
interface Change {
  readonly from: readonly State[]
  readonly act: Act
}

/** Moves a letter to a state. False: it is in none of `from`, or is being sent back. */
export const decide = async (
  db: Queryable,
  id: string,
  { from, to, act }: Change & { to: State },
): Promise<boolean> =>
  (await db.query(statements.decide, [id, from, ...actValues(act), to])).length > 0

/** Sets the value that is sent back. False: it is in none of `from`, or is being sent back. */
export const editLetter = async (
  db: Queryable,
  id: string,
  { from, value, act }: Change & { value: Buffer },
): Promise<boolean> =>
  (await db.query(statements.edit, [id, from, ...actValues(act), value])).length > 0

/** Takes an approved letter for one sender alone, for `seconds`. Undefined: it is not to be had. */
export const claim = async (
  db: Queryable,
  id: string,
  { seconds, act }: { seconds: number; act: Act },
): Promise<Letter | undefined> =>
  (await db.query<Letter>(statements.claim, [id, ['APPROVED'], ...actValues(act), seconds]))[0]

/** Ends a claim. False: somebody else has, after the claim had lapsed. */
export const settle = async (
  db: Queryable,
  id: string,
  { to, act }: { to: State; act: Act },
): Promise<boolean> => (await db.query(statements.settle, [id, ...actValues(act), to])).length > 0

/** One entry of the audit trail. */
export interface Entry extends Actor {
  readonly letter: string
  readonly action: string
  readonly before: State
  readonly after: State | null
  readonly at: Date
  readonly detail: Readonly<Record<string, unknown>>
}

/** What was done about a letter, or about all letters of an event id, oldest first; also after they were removed. */
export const historyOf = (db: Queryable, name: string): Promise<Entry[]> =>
  db.query(statements.history, [name, uuidOr(name)])

export const countByState = (db: Queryable): Promise<{ state: State; count: number }[]> =>
  db.query(statements.states)

/** Open letters that share topic and cause. */
export interface CauseGroup {
  readonly topic: string
  readonly cause: string
  readonly count: number
  readonly oldest: Date
  readonly newest: Date
  readonly example: string
  readonly message: string
}

export const openByCause = (db: Queryable, topic: string | undefined): Promise<CauseGroup[]> =>
  db.query(statements.causes, [topic ?? null])

/** Open letters of each topic, and the age of the oldest. */
export const openByTopic = (
  db: Queryable,
): Promise<{ topic: string; count: number; seconds: number }[]> => db.query(statements.open)

/** The deletion of letters that were closed at least `days` days ago. */
export const removal = ({ subject, clientId }: Actor, days: number): Deletion => ({
  statement: statements.remove,
  values: [days, subject, clientId],
  limit: 1000,
})

const uuidOr = (text: string): string | null =>
  /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(text) ? text : null
