import { statement, type Mariadb, type Queryable } from '../../kit/mariadb.ts'
import type { Deletion } from '../../kit/purge.ts'
import type { BreakerState, ChosenState } from '../../model/breaker.ts'

/** Somebody put a breaker into a state. */
export interface Choice {
  readonly name: string
  readonly from: BreakerState
  readonly to: ChosenState
  readonly reason: string
  readonly subject: string
  readonly clientId: string
  /** The replica that was told. */
  readonly instance: string
}

/** As it stands in the trail; the highest `seq` of a breaker holds. */
export interface NotedChoice extends Choice {
  readonly seq: number
  readonly at: Date
}

const columns = `seq, name, from_state as \`from\`, to_state as \`to\`, reason, subject, client_id as clientId, instance, at`

const statements = {
  note: statement(
    'breaker_choice_note',
    `insert into circuit_breaker_choice (name, from_state, to_state, reason, subject, client_id, instance)
     values (?, ?, ?, ?, ?, ?, ?)`,
  ),
  present: statement(
    'breaker_choice_present',
    `select ${columns} from circuit_breaker_choice
     where seq in (select max(seq) from circuit_breaker_choice group by name)`,
  ),
  trail: statement(
    'breaker_choice_trail',
    `select ${columns} from circuit_breaker_choice where name = ? order by seq desc limit ?`,
  ),
  forget: statement(
    'breaker_choice_forget',
    `delete from circuit_breaker_choice
     where at < now(3) - interval ? day
       and seq not in (select max(seq) from circuit_breaker_choice group by name) limit ?`,
  ),
}

export const noteChoice = (
  db: Queryable,
  { name, from, to, reason, subject, clientId, instance }: Choice,
): Promise<number> =>
  db.change(statements.note, [name, from, to, reason, subject, clientId, instance])

/** The last choice of each breaker. */
export const presentChoices = (db: Mariadb): Promise<NotedChoice[]> =>
  db.query<NotedChoice>(statements.present)

/** At most `size` choices of a breaker, latest first. */
export const choicesOf = (db: Mariadb, name: string, size: number): Promise<NotedChoice[]> =>
  db.query<NotedChoice>(statements.trail, [name, size])

/** Deletes choices that are older than `days` days, but never those that hold. */
export const choicePurge = (days: number): Deletion => ({
  statement: statements.forget,
  values: [days],
  limit: 1000,
})
