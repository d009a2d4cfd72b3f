import { createConnection, type Connection } from 'mariadb'
import type { Agreement, Invariant, Violations } from '../../services/model/invariant.ts'
import type { Store } from '../../services/model/store.ts'
import { poll } from '../local/poll.ts'
import type { Check, Platform, Verdict } from './check.ts'

/** What an invariant needs to know of a platform. */
export type Stored = Pick<Platform, 'topology' | 'mariadb'>

/** A check of an invariant. */
export interface StoredCheck extends Check {
  run(platform: Stored): Promise<Verdict>
}

/** Requests of a moment ago are on their way through several stores. */
const holdsWithinMs = 30_000
const statementMs = 60_000

/**
 * The check of what a service declares of its data.
 * @param withinMs for how long what is on its way may take. Default 30 s
 */
export const checkOf = (
  { name, says, unit, of }: Invariant,
  withinMs: number = holdsWithinMs,
): StoredCheck => ({
  name,
  says,
  run: async (platform) => {
    const look = async (): Promise<Verdict> => ({
      unit,
      ...('places' in of ? await compared(platform, of) : await searched(platform, of)),
    })
    const holding = await poll(
      async () => {
        const verdict = await look()
        return verdict.broken.length === 0 && verdict.seen > 0 ? verdict : undefined
      },
      { withinMs, everyMs: 1000 },
    )
    return holding ?? (await look())
  },
})

type Found = Omit<Verdict, 'unit'>

const searched = (platform: Stored, { store, seen, broken }: Violations): Promise<Found> =>
  inStore(platform, store, async (connection) => {
    const [count] = await connection.query<{ seen: unknown }[]>(seen)
    const rows = await connection.query<{ what: string }[]>(`${broken} limit 20`)
    return { seen: Number(count?.seen ?? 0), broken: rows.map(({ what }) => what) }
  })

async function compared(platform: Stored, { places }: Agreement): Promise<Found> {
  const answers = await Promise.all(
    places.map(async ({ store, asks }) => {
      const rows = await inStore(platform, store, (connection) =>
        connection.query<{ name: string; value: string }[]>(asks),
      )
      return { store: store.name, said: new Map(rows.map(({ name, value }) => [name, value])) }
    }),
  )
  const names = [...new Set(answers.flatMap(({ said }) => [...said.keys()]))]
  const broken = names.flatMap((name) => {
    const said = answers.map((one) => ({
      store: one.store,
      value: one.said.get(name) ?? 'nothing',
    }))
    if (new Set(said.map(({ value }) => value)).size === 1) return []
    return `${name}: ${said.map(({ store, value }) => `${store} says ${value}`).join(', ')}`
  })
  return { seen: names.length, broken }
}

/** Runs `work` in a store as its owner, who can only read here. */
export async function inStore<Value>(
  { topology, mariadb }: Stored,
  store: Store,
  work: (connection: Connection) => Promise<Value>,
): Promise<Value> {
  const owner = topology.services.find(({ stores }) => stores.includes(store))?.name ?? store.name
  const url = new URL(mariadb[owner] ?? `mariadb://unknown/${store.name}`)
  const connection = await createConnection({
    host: url.hostname,
    port: Number(url.port),
    user: url.username,
    password: decodeURIComponent(url.password),
    database: url.pathname.slice(1),
    queryTimeout: statementMs,
    initSql: 'set session transaction read only',
  })
  // The failing statement says it too.
  connection.on('error', () => undefined)
  try {
    return await work(connection)
  } finally {
    await connection.end()
  }
}
