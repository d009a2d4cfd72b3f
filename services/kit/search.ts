import { readFile } from 'node:fs/promises'
import { Client, errors, Transport } from '@opensearch-project/opensearch'
import type { Store } from '../model/store.ts'
import type { StoreLogin } from './config.ts'
import type { Context } from './context.ts'
import { unavailable } from './problem.ts'
import { storeCalls, type StoreCall } from './store-call.ts'

/** An OpenSearch store: the official client and the alias that names what readers see. */
export interface Search {
  /** Rejects with Problem 503 `SEARCH_UNAVAILABLE` while OpenSearch is away or overloaded; never repeats a request. */
  readonly client: Client
  readonly alias: string
}

const requestTimeoutMs = 2000
const probeWithinMs = 900

/** Connects to a store's OpenSearch. Also registers readiness (a query that every shard must answer) and the closing. */
export async function search(context: Context, store: Store<'opensearch'>): Promise<Search> {
  const login = context.config.store(store)
  const { host, port, database: alias } = login
  const client = new Client({
    ...(await connectionTo(login)),
    requestTimeout: requestTimeoutMs,
    maxRetries: 0,
    Transport: observedTransport(store, storeCalls(context, store, { host, port })),
  })
  context.life.check(`opensearch ${store.name}`, async () => {
    const query = {
      index: alias,
      size: 0,
      ignore_unavailable: true,
      allow_partial_search_results: false,
    }
    await client.search(query, { requestTimeout: probeWithinMs })
  })
  context.life.onStop('stores', `opensearch ${store.name}`, () => client.close())
  return { client, alias }
}

/** Plain HTTP, or TLS that trusts the given authority and nobody else. */
async function connectionTo({ host, port, user, password, caFile }: StoreLogin) {
  const auth = user === '' ? {} : { auth: { username: user, password } }
  if (caFile === '') return { node: `http://${host}:${port}`, ...auth }
  return { node: `https://${host}:${port}`, ...auth, ssl: { ca: await readFile(caFile) } }
}

/** The client's one door: every request of every API passes it. */
function observedTransport(store: Store, observed: StoreCall): typeof Transport {
  const send = Transport.prototype.request as (...args: unknown[]) => Promise<unknown>
  class ObservedTransport extends Transport {
    override request(...args: unknown[]): never {
      const [params] = args as [{ method: string; path: string }]
      return observed(operationOf(params), () =>
        send.apply(this, args).catch((error: unknown) => {
          throw searchProblem(store, error)
        }),
      ) as never
    }
  }
  return ObservedTransport
}

/** `_search`, `_bulk`, `_doc` … of the path, else the method. */
const operationOf = ({ method, path }: { method: string; path: string }): string =>
  /\/_(\w+)/.exec(path)?.[1] ?? method

const notNow: ReadonlySet<number> = new Set([429, 502, 503, 504])

/** Answers about the request itself (a bug, a missing document, a version conflict) stay as they are. */
function searchProblem(store: Store, error: unknown): unknown {
  const aboutRequest = error instanceof errors.ResponseError && !notNow.has(error.statusCode ?? 0)
  if (aboutRequest || !(error instanceof errors.OpenSearchClientError)) return error
  const detail = `OpenSearch store "${store.name}" does not answer at the moment; try again.`
  return unavailable('SEARCH_UNAVAILABLE', detail, 1, error)
}
