import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Product } from '../../../services/model/service.ts'
import type { Topic } from '../../../services/model/topic.ts'
import type { Topology } from '../../../services/model/topology.ts'
import { nextPort } from './port.ts'
import type { ScaffoldedStore, Wish } from './wish.ts'

/** Everything that the files of a new service say. */
export interface Plan {
  readonly product: Product
  readonly name: string
  readonly word: string
  readonly port: number
  readonly store: { readonly kind: ScaffoldedStore; readonly constant: string } | undefined
  readonly topic: PlannedTopic | undefined
}

interface PlannedTopic {
  readonly constant: string
  /** Import path from a service's folder. */
  readonly module: string
}

/** A wish with the port that it gets and the constants that it refers to. @param root the repository's root folder */
export async function planOf(wish: Wish, all: Topology, root: string): Promise<Plan> {
  const { product, name, word, store, consumes } = wish
  return {
    product,
    name,
    word,
    port: nextPort(product, all),
    store: store && { kind: store, constant: `${word}Store` },
    topic: consumes && (await constantOf(consumes, product, root)),
  }
}

/** Declarations are referred to by their constants, so the constant's name must be found. */
async function constantOf(topic: Topic, product: Product, root: string): Promise<PlannedTopic> {
  const folders = readdirSync(join(root, 'services'), { withFileTypes: true })
  for (const { name: owner } of folders.filter((entry) => entry.isDirectory())) {
    const file = join(root, 'services', owner, 'topics.ts')
    if (!existsSync(file)) continue
    const declared = (await import(file)) as Readonly<Record<string, unknown>>
    const [constant] = Object.entries(declared).find(([, value]) => value === topic) ?? []
    if (constant === undefined) continue
    const module = owner === product ? '../topics.ts' : `../../${owner}/topics.ts`
    return { constant, module }
  }
  throw new Error(`No topics.ts exports the topic ${topic.name}: import it by hand.`)
}
