import { statement, type Mariadb, type Queryable } from '../../kit/mariadb.ts'
import type { Deletion } from '../../kit/purge.ts'
import type { Finding } from './comparison.ts'
import type { Summary } from './tally.ts'

/** Who wanted a run. */
export type Cause = 'timer' | 'request'

const columns = `run_id as runId, cause, started_at as startedAt, ended_at as endedAt, summary`

const statements = {
  now: statement('reconciliation_now', `select now(3) as now`),
  due: statement(
    'reconciliation_due',
    `update reconciliation_clock set due_at = now(3) + interval (1000 * ?) microsecond where due_at <= now(3)`,
  ),
  keep: statement(
    'reconciliation_keep',
    `insert into reconciliation (cause, started_at, summary) values (?, ?, ?) returning ${columns}`,
  ),
  keepItems: statement(
    'reconciliation_keep_items',
    `insert into reconciliation_item (run_id, n, state, item)
     select ?, n, state, item from json_table(?, '$[*]' columns (
       n for ordinality, state varchar(16) path '$.state', item text path '$.item')) found`,
  ),
  latest: statement(
    'reconciliation_latest',
    `select ${columns} from reconciliation order by run_id desc limit 1`,
  ),
  find: statement('reconciliation_find', `select ${columns} from reconciliation where run_id = ?`),
  page: statement(
    'reconciliation_page',
    `select ${columns} from reconciliation where run_id < ? order by run_id desc limit ?`,
  ),
  items: statement(
    'reconciliation_items',
    `select n, item from reconciliation_item
     where run_id = ? and state = ? and n > ? order by n limit ?`,
  ),
  forget: statement(
    'reconciliation_forget',
    `delete from reconciliation where ended_at < now(3) - interval ? day limit ?`,
  ),
}

/** A run that came to its end. */
export interface Run {
  readonly runId: number
  readonly cause: Cause
  readonly startedAt: Date
  readonly endedAt: Date
  readonly summary: Summary
}

type Row = Omit<Run, 'summary'> & { readonly summary: string }

const runOf = (row: Row): Run => ({ ...row, summary: JSON.parse(row.summary) as Summary })

/** The books’ clock, by which youth is measured. */
export async function nowOf(db: Queryable): Promise<Date> {
  const [row] = await db.query<{ now: Date }>(statements.now)
  if (!row) throw new Error('The books do not know the time.')
  return row.now
}

/** True for one replica each time that a run is due. */
export const isDue = async (db: Queryable, everyMs: number): Promise<boolean> =>
  (await db.change(statements.due, [everyMs])) === 1

/** Keeps a run with what it found. */
export const keepRun = (
  db: Mariadb,
  { cause, startedAt, summary }: Pick<Run, 'cause' | 'startedAt' | 'summary'>,
  findings: readonly Finding[],
): Promise<Run> =>
  db.transaction(async (tx) => {
    const values = [cause, startedAt, JSON.stringify(summary)]
    const [row] = await tx.query<Row>(statements.keep, values)
    if (!row) throw new Error('The run was not written.')
    const items = findings.map(({ state, ...item }) => ({ state, item: JSON.stringify(item) }))
    await tx.change(statements.keepItems, [row.runId, JSON.stringify(items)])
    return runOf(row)
  })

export const latestRun = async (db: Queryable): Promise<Run | undefined> =>
  (await db.query<Row>(statements.latest)).map(runOf)[0]

export const runNamed = async (db: Queryable, runId: number): Promise<Run | undefined> =>
  (await db.query<Row>(statements.find, [runId])).map(runOf)[0]

/** At most `size` runs before one, latest first. */
export const pageOfRuns = async (
  db: Queryable,
  { before, size }: { before: number; size: number },
): Promise<Run[]> => (await db.query<Row>(statements.page, [before, size])).map(runOf)

/** A finding as it was kept, with its place. */
export type Item = Omit<Finding, 'state' | 'since'> & { readonly n: number; readonly since: string }

/** At most `size` findings of a run after one. */
export async function findingsOf(
  db: Queryable,
  { runId, state }: { runId: number; state: Finding['state'] },
  { after, size }: { after: number; size: number },
): Promise<Item[]> {
  const rows = await db.query<{ n: number; item: string }>(statements.items, [
    ...[runId, state, after],
    size,
  ])
  return rows.map(({ n, item }) => ({ n, ...(JSON.parse(item) as Omit<Item, 'n'>) }))
}

/** Deletes runs that are older than `days` days. */
export const runPurge = (days: number): Deletion => ({
  statement: statements.forget,
  values: [days],
  limit: 100,
})
