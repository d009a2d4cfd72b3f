import type { Actor } from '../../kit/auth.ts'
import { outbox } from '../../kit/outbox.ts'
import type { Postgres, Queryable } from '../../kit/postgres.ts'
import { Problem } from '../../kit/problem.ts'
import { catalogUpsert } from '../topics.ts'
import { buryTitle, lockTitle, writeTitle } from './store.ts'
import { changeFrom, eventOf, expectCurrent, type Change, type Draft } from './titles.ts'
import type { Expectation, Title } from './titles.ts'

/** A change that is committed. */
export interface Changed {
  readonly change: Change
  readonly title: Title
}

interface Wish {
  readonly expected: Expectation
  readonly actor: Actor
}

/**
 * Writes a title, its audit row and its event, all or none.
 * @throws Problem 412 or 409 when the title is not what the writer expects
 */
export const upsertTitle = (db: Postgres, draft: Draft, wish: Wish): Promise<Changed> =>
  db.transaction(async (tx) => {
    // Two may create one id at once: the later finds the row on its second look.
    const changed = (await tryWrite(tx, draft, wish)) ?? (await tryWrite(tx, draft, wish))
    if (changed === undefined) throw new Error(`${draft.id} changed although its row was locked.`)
    return publish(tx, changed)
  })

/**
 * Leaves a tombstone, an audit row and an event, all or none.
 * @throws Problem 404 when there is no such title, 412 when it is not what the writer expects
 */
export const deleteTitle = (db: Postgres, id: string, wish: Wish): Promise<Changed> =>
  db.transaction(async (tx) => {
    const current = await lockTitle(tx, id)
    expectCurrent(current, wish.expected)
    if (current === undefined || current.deleted) throw noSuchTitle(id)
    const title = await buryTitle(tx, current, wish.actor)
    if (title === undefined) throw new Error(`${id} changed although its row was locked.`)
    return publish(tx, { change: 'deleted', title })
  })

export const noSuchTitle = (id: string): Problem =>
  new Problem(404, 'TITLE_NOT_FOUND', `There is no title ${id}.`)

async function tryWrite(tx: Queryable, draft: Draft, wish: Wish): Promise<Changed | undefined> {
  const current = await lockTitle(tx, draft.id)
  expectCurrent(current, wish.expected)
  const change = changeFrom(current)
  const title = await writeTitle(tx, draft, { current, change, actor: wish.actor })
  return title && { change, title }
}

async function publish(tx: Queryable, changed: Changed): Promise<Changed> {
  await outbox.add(tx, catalogUpsert, { key: changed.title.id, value: eventOf(changed.title) })
  return changed
}
