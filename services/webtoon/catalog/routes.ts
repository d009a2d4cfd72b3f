import { actorOf } from '../../kit/auth.ts'
import type { Handlers } from '../../kit/http.ts'
import type { Postgres } from '../../kit/postgres.ts'
import type { api } from './api.ts'
import { deleteTitle, noSuchTitle, upsertTitle } from './changes.ts'
import type { Events } from './events.ts'
import { changesOf, findTitle, pageOfTitles } from './store.ts'
import { etagOf, matches, viewOf } from './titles.ts'

/** Everything the catalogue answers. */
export function handlers(deps: { database: Postgres; events: Events }): Handlers<typeof api> {
  const { database, events } = deps
  return {
    upsert: async ({ body, claims, headers }) => {
      const { version, ...draft } = body
      const expected = { version, ifMatch: headers['if-match']?.toString() }
      const wish = { expected, actor: actorOf(claims) }
      const { title } = events.changed(await events.watch(upsertTitle(database, draft, wish)))
      const answer = { id: title.id, version: title.version }
      return { status: 200, body: answer, headers: { etag: etagOf(title) } }
    },

    list: async ({ query: { cursor = '', size, tag } }) => {
      const titles = await pageOfTitles(database, { after: cursor, size: size + 1, tag })
      const items = titles.slice(0, size)
      const next = titles.length > size ? (items.at(-1)?.id ?? null) : null
      return { status: 200, body: { items: items.map(viewOf), next } }
    },

    get: async ({ params: { id }, headers }) => {
      const title = await findTitle(database, id)
      if (title === undefined) throw noSuchTitle(id)
      const known = headers['if-none-match']?.toString()
      const fresh = known !== undefined && matches(known.replaceAll('W/', ''), title)
      const etag = { etag: etagOf(title) }
      return fresh
        ? { status: 304, headers: etag }
        : { status: 200, body: viewOf(title), headers: etag }
    },

    history: async ({ params: { id }, query: { before, size } }) => {
      const rows = await changesOf(database, id, { before, size: size + 1 })
      if (rows.length === 0 && before === Number.MAX_SAFE_INTEGER) throw noSuchTitle(id)
      const items = rows.slice(0, size).map(({ at, ...row }) => ({ ...row, at: at.toISOString() }))
      const next = rows.length > size ? (items.at(-1)?.version ?? null) : null
      return { status: 200, body: { items, next } }
    },

    delete: async ({ params: { id }, claims, headers }) => {
      const expected = { ifMatch: headers['if-match']?.toString() }
      const wish = { expected, actor: actorOf(claims) }
      const { title } = events.changed(await events.watch(deleteTitle(database, id, wish)))
      return { status: 200, body: { id: title.id, version: title.version } }
    },
  }
}
