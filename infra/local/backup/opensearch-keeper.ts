import { randomUUID } from 'node:crypto'
import { cp, lchown, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Client } from '@opensearch-project/opensearch'
import type { Store } from '../../../services/model/store.ts'
import type { Here } from '../addresses.ts'
import type { Site } from '../engines/engine.ts'
import { folder as folderOf } from '../engines/site-folder.ts'
import { hostPortOf, siteOf } from '../sites.ts'
import type { Keeper } from './keeper.ts'

const snapshot = 'one'
const patient = { requestTimeout: 600_000 }

/**
 * The index that readers see, as a snapshot of the server's own. It comes back under the next number, takes the aliases
 * along, and the indexes before it go.
 */
export const opensearchKeeper: Keeper = {
  save: (store, here, folder) =>
    withRepository(here, undefined, async ({ client, repository, path }) => {
      const read = await client.indices.getAlias({ name: store.name })
      const indices = Object.keys(read.body).join(',')
      const body = { indices, include_global_state: false }
      const { body: made } = await client.snapshot.create(
        { repository, snapshot, wait_for_completion: true, body },
        patient,
      )
      assertWhole(made.snapshot?.state, store)
      await cp(path, folder, { recursive: true })
    }),
  bring: (store, here, folder) =>
    withRepository(here, folder, async ({ client, repository }) => {
      const before = await indexesOf(client, store)
      const name = `${store.name}_v${Math.max(0, ...before.map(numberOf)) + 1}`
      const drop = async () =>
        void (await client.indices.delete({ index: name, ignore_unavailable: true }))
      const body = {
        include_global_state: false,
        // Aliases come with it when it is taken.
        include_aliases: false,
        rename_pattern: `^${store.name}_v\\d+$`,
        rename_replacement: name,
      }
      const { body: made } = await client.snapshot.restore(
        { repository, snapshot, wait_for_completion: true, body },
        patient,
      )
      if (made.snapshot?.shards?.failed !== 0) {
        await drop()
        throw new Error(`OpenSearch could not bring all of ${store.name} back.`)
      }
      return { take: () => take(here, store, name, before), drop }
    }),
}

/** Every alias that the indexes before had goes to the new one, and they go, in one step. */
async function take(here: Here, { name }: Store, to: string, before: readonly string[]) {
  const client = clientOf(here)
  try {
    const aliases = new Set([name])
    if (before.length > 0) {
      const { body } = await client.indices.getAlias({ index: before.join(',') })
      for (const one of Object.values(body))
        for (const alias of Object.keys(one.aliases)) aliases.add(alias)
    }
    const actions = [
      ...[...aliases].map((alias) => ({ add: { index: to, alias } })),
      ...before.map((index) => ({ remove_index: { index } })),
    ]
    await client.indices.updateAliases({ body: { actions } as never }, patient)
  } finally {
    await client.close()
  }
}

const numberOf = (name: string): number => Number(/_v(\d+)$/.exec(name)?.[1] ?? 0)

async function indexesOf(client: Client, { name }: Store): Promise<readonly string[]> {
  const { body } = await client.indices.get({
    index: `${name}_v*`,
    allow_no_indices: true,
    ignore_unavailable: true,
  })
  return Object.keys(body)
}

function assertWhole(state: string | undefined, { name }: Store): void {
  if (state !== 'SUCCESS')
    throw new Error(`OpenSearch made no whole snapshot of ${name}: ${state ?? 'no state'}.`)
}

const clientOf = ({ installation }: Here): Client =>
  new Client({ node: `http://${hostPortOf('opensearch', installation)}` })

interface Repository {
  readonly client: Client
  readonly repository: string
  readonly path: string
}

/** A repository for one piece of work, which is gone after it. @param from folder with what is in it at first */
async function withRepository<Value>(
  here: Here,
  from: string | undefined,
  work: (at: Repository) => Promise<Value>,
): Promise<Value> {
  const site = await siteOf('opensearch', here.where, here.installation)
  if (site.supply.address !== undefined)
    throw new Error(
      `OpenSearch runs elsewhere (${site.supply.address}): its snapshots cannot be reached from here, use its own repository.`,
    )
  const repository = `maru-${randomUUID()}`
  const path = await folderOf(site, 'repo', repository)
  const client = clientOf(here)
  try {
    if (from !== undefined) await copyFor(site, from, path)
    await client.snapshot.createRepository({
      repository,
      body: { type: 'fs', settings: { location: path, readonly: from !== undefined } } as never,
    })
    return await work({ client, repository, path })
  } finally {
    await client.snapshot.deleteRepository({ repository }).catch(() => undefined)
    await client.close()
    await rm(path, { recursive: true, force: true })
  }
}

async function copyFor({ owner }: Site, from: string, to: string): Promise<void> {
  await cp(from, to, { recursive: true })
  if (owner === undefined) return
  for (const name of await readdir(to, { recursive: true }))
    await lchown(join(to, name), owner.uid, owner.gid)
}
