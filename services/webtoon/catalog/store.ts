import type { Actor } from '../../kit/auth.ts'
import { statement, type Queryable } from '../../kit/postgres.ts'
import type { Deletion } from '../../kit/purge.ts'
import type { Change, Draft, Title } from './titles.ts'

const columns = `id, title, author, "desc", tags, version,
  (extract(epoch from updated_at) * 1000)::bigint as "updatedAt", deleted_at is not null as deleted`

const statements = {
  find: statement(
    'catalog-find',
    `select ${columns} from catalog where id = $1 and deleted_at is null`,
  ),

  lock: statement('catalog-lock', `select ${columns} from catalog where id = $1 for update`),

  page: statement(
    'catalog-page',
    `select ${columns} from catalog
    where deleted_at is null and id > $1 order by id limit $2`,
  ),

  pageOfTag: statement(
    'catalog-page-of-tag',
    `select ${columns} from catalog
    where deleted_at is null and id > $1 and tags @> array[$3::text] order by id limit $2`,
  ),

  // A row that was not there to be locked may have appeared since: then nothing is written.
  write: statement(
    'catalog-write',
    `with written as (
      insert into catalog as c (id, title, author, "desc", tags, version, updated_at)
      values ($1, $2, $3, $4, $5::text[], $6::bigint + 1, clock_timestamp())
      on conflict (id) do update set
        title = excluded.title, author = excluded.author, "desc" = excluded."desc", tags = excluded.tags,
        version = excluded.version, updated_at = greatest(excluded.updated_at, c.updated_at), deleted_at = null
      where c.version = $6
      returning *
    ), audited as (
      insert into catalog_audit (id, version, change, subject, client_id, before, after, at)
      select id, version, $7, $8, $9, $10::jsonb,
        jsonb_build_object('title', title, 'author', author, 'desc', "desc", 'tags', tags, 'version', version),
        updated_at
      from written
    )
    select ${columns} from written`,
  ),

  history: statement(
    'catalog-history',
    `select version, change, subject, client_id as "clientId", at, before, after
    from catalog_audit where id = $1 and version < $2 order by version desc limit $3`,
  ),

  // A title must have a text, so an emptied one has a dash.
  empty: statement(
    'catalog-empty',
    `update catalog set title = '-', author = null, "desc" = null, tags = '{}' where id in (
      select id from catalog
      where deleted_at < clock_timestamp() - make_interval(days => $1) and title <> '-' limit $2)`,
  ),

  forget: statement(
    'catalog-forget',
    `delete from catalog_audit where (id, version) in (
      select id, version from catalog_audit
      where at < clock_timestamp() - make_interval(days => $1) limit $2)`,
  ),

  bury: statement(
    'catalog-bury',
    `with written as (
      update catalog set version = version + 1, deleted_at = now.at, updated_at = now.at
      from (select greatest(clock_timestamp(), updated_at) as at from catalog where id = $1) as now
      where id = $1 and version = $2 and deleted_at is null
      returning catalog.*
    ), audited as (
      insert into catalog_audit (id, version, change, subject, client_id, before, at)
      select id, version, 'deleted', $3, $4, $5::jsonb, updated_at from written
    )
    select ${columns} from written`,
  ),
}

/** What was done to a title, latest first, before a version. */
export const changesOf = (
  db: Queryable,
  id: string,
  { before, size }: { before: number; size: number },
): Promise<AuditRow[]> => db.query<AuditRow>(statements.history, [id, before, size])

/** A change as the audit trail keeps it. */
export interface AuditRow {
  readonly version: number
  readonly change: Change
  readonly subject: string
  readonly clientId: string
  readonly at: Date
  readonly before: Readonly<Record<string, unknown>> | null
  readonly after: Readonly<Record<string, unknown>> | null
}

/** Empties tombstones that are older than `days` days; id and version stay, so that versions go on rising. */
export const emptying = (days: number): Deletion => ({
  statement: statements.empty,
  values: [days],
  limit: purgedAtOnce,
})

/** Deletes audit rows that are older than `days` days. */
export const auditPurge = (days: number): Deletion => ({
  statement: statements.forget,
  values: [days],
  limit: purgedAtOnce,
})

const purgedAtOnce = 1000

/** The title of that id, unless it is deleted. */
export const findTitle = async (db: Queryable, id: string): Promise<Title | undefined> =>
  (await db.query<Title>(statements.find, [id]))[0]

/** The row of that id, tombstones too, locked until the transaction ends. */
export const lockTitle = async (tx: Queryable, id: string): Promise<Title | undefined> =>
  (await tx.query<Title>(statements.lock, [id]))[0]

/** At most `size` titles after an id, by id. */
export const pageOfTitles = (
  db: Queryable,
  page: { after: string; size: number; tag?: string | undefined },
): Promise<Title[]> =>
  page.tag === undefined
    ? db.query<Title>(statements.page, [page.after, page.size])
    : db.query<Title>(statements.pageOfTag, [page.after, page.size, page.tag])

/** Writes the version after `current` and its audit row. Undefined: the row is not `current` any more. */
export async function writeTitle(
  tx: Queryable,
  draft: Draft,
  by: { current: Title | undefined; change: Change; actor: Actor },
): Promise<Title | undefined> {
  const { current, change, actor } = by
  const { id, title, author, desc, tags } = draft
  const content = [id, title, author || null, desc || null, tags ?? [], current?.version ?? 0]
  const audit = [change, actor.subject, actor.clientId, change === 'created' ? null : kept(current)]
  return (await tx.query<Title>(statements.write, [...content, ...audit]))[0]
}

/** Turns the locked row `current` into a tombstone and writes the audit row. */
export async function buryTitle(
  tx: Queryable,
  current: Title,
  actor: Actor,
): Promise<Title | undefined> {
  const values = [current.id, current.version, actor.subject, actor.clientId, kept(current)]
  return (await tx.query<Title>(statements.bury, values))[0]
}

/** What the audit keeps of a row, as JSON. */
function kept(row: Title | undefined): string | null {
  if (row === undefined) return null
  const { title, author, desc, tags, version } = row
  return JSON.stringify({ title, author, desc, tags, version })
}
