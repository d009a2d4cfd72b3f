import type { Claims } from '../../kit/auth.ts'
import type { Handlers } from '../../kit/http.ts'
import type { Mariadb } from '../../kit/mariadb.ts'
import * as merchant from '../kit/merchant.ts'
import { Problem } from '../../kit/problem.ts'
import { adminPayments } from '../scopes.ts'
import type { api } from './api.ts'
import { pageOfBatches } from './batch-store.ts'
import type { Events } from './events.ts'
import { pageOfFiles, rowsOf, type TakenFile } from './file-store.ts'
import { takeFile } from './files.ts'
import type { Reconciliation } from './reconciliation.ts'
import { findingsOf, latestRun, pageOfRuns, runNamed, type Run } from './reconciliation-store.ts'
import { balancesOf, pageOfEntries, type Entry } from './store.ts'

/** Everything that the ledger answers. */
export const handlers = (desk: Desk): Handlers<typeof api> => ({
  ...reading(desk),
  ...reconciling(desk),
  ...comparing(desk),
})

interface Desk {
  readonly database: Mariadb
  readonly payments: Mariadb
  readonly reconciliation: Reconciliation
  readonly events: Events
}

const reading = ({
  database,
}: Desk): Pick<Handlers<typeof api>, 'entries' | 'accounts' | 'batches'> => ({
  entries: async ({ query: { paymentId, cursor, size, ...query }, claims }) => {
    const filter = { paymentId, merchantId: seenBy(claims, query.merchantId) }
    const found = await pageOfEntries(database, filter, { after: cursor, size: size + 1 })
    const { items, next } = page(found, size, ({ entryId }) => entryId)
    return { status: 200, body: { items: items.map(viewOf), next } }
  },

  accounts: async ({ query, claims }) => {
    const balances = await balancesOf(database, seenBy(claims, query.merchantId))
    const items = balances.map((one) => ({ ...one, balance: one.debits - one.credits }))
    return { status: 200, body: { items } }
  },

  batches: async ({ query: { date, before, size, ...query }, claims }) => {
    const filter = { date, merchantId: seenBy(claims, query.merchantId) }
    const found = await pageOfBatches(database, filter, { before, size: size + 1 })
    const { items, next } = page(found, size, ({ batchId }) => batchId)
    const views = items.map((one) => ({ ...one, closedAt: one.closedAt.toISOString() }))
    return { status: 200, body: { items: views, next } }
  },
})

const reconciling = ({
  database,
  reconciliation,
}: Desk): Pick<Handlers<typeof api>, 'standing' | 'reconcile' | 'runs' | 'findings'> => ({
  standing: async () => {
    const run = await latestRun(database)
    if (run) return { status: 200, body: runView(run) }
    throw new Problem(404, 'NOT_RECONCILED', 'Nothing has been compared yet; ask for a run.')
  },

  reconcile: async () => ({ status: 200, body: runView(await reconciliation.run('request')) }),

  runs: async ({ query: { before, size } }) => {
    const found = await pageOfRuns(database, { before, size: size + 1 })
    const { items, next } = page(found, size, ({ runId }) => runId)
    return { status: 200, body: { items: items.map(runView), next } }
  },

  findings: async ({ params: { runId }, query: { state, cursor, size } }) => {
    if (!(await runNamed(database, runId)))
      throw new Problem(404, 'NOT_FOUND', `There is no run ${runId}.`)
    const wanted = { after: cursor, size: size + 1 }
    const found = await findingsOf(database, { runId, state }, wanted)
    return { status: 200, body: page(found, size, ({ n }) => n) }
  },
})

const comparing = (desk: Desk): Pick<Handlers<typeof api>, 'takeFile' | 'files' | 'fileRows'> => ({
  takeFile: async ({ body, claims }) => {
    if (!claims) throw new Error('A file came without a token.')
    const { subject, clientId } = claims
    return { status: 200, body: fileView(await takeFile(desk, body, { subject, clientId })) }
  },

  files: async ({ query: { before, size } }) => {
    const found = await pageOfFiles(desk.database, { before, size: size + 1 })
    const { items, next } = page(found, size, ({ fileId }) => fileId)
    return { status: 200, body: { items: items.map(fileView), next } }
  },

  fileRows: async ({ params: { fileId }, query: { result, cursor, size } }) => {
    const wanted = { after: cursor, size: size + 1 }
    const found = await rowsOf(desk.database, { fileId, result }, wanted)
    const { items, next } = page(found, size, ({ rowId }) => rowId)
    const views = items.map((row) => ({ ...row, occurredAt: row.occurredAt.toISOString() }))
    return { status: 200, body: { items: views, next } }
  },
})

const fileView = ({ uploadedAt, ...file }: TakenFile) => ({
  ...file,
  uploadedAt: uploadedAt.toISOString(),
})

/** A page of what was read with one more than it holds. */
function page<Item>(found: readonly Item[], size: number, cursorOf: (item: Item) => number) {
  const items = found.slice(0, size)
  const last = items.at(-1)
  return { items, next: found.length > size && last !== undefined ? cursorOf(last) : null }
}

const runView = ({ runId, cause, startedAt, endedAt, summary }: Run) => ({
  ...{ runId, cause, startedAt: startedAt.toISOString(), endedAt: endedAt.toISOString() },
  ...summary,
})

const seenBy = (claims: Claims | undefined, named: string | undefined): string | undefined =>
  merchant.seenBy({ claims, named, unbound: [adminPayments] })

const viewOf = ({ occurredAt, postedAt, ...entry }: Entry) => ({
  ...entry,
  occurredAt: occurredAt.toISOString(),
  postedAt: postedAt.toISOString(),
})
