import { publicPrefixes } from '../../../services/model/edge.ts'
import type { Product } from '../../../services/model/service.ts'
import type { Topic } from '../../../services/model/topic.ts'
import type { Topology } from '../../../services/model/topology.ts'

/** A service that somebody wants, checked. */
export interface Wish {
  readonly product: Product
  /** As in paths and the topology: `title-reviews`. */
  readonly name: string
  /** As an identifier: `titleReviews`. */
  readonly word: string
  readonly store: ScaffoldedStore | undefined
  readonly consumes: Topic | undefined
}

export const products: readonly Product[] = ['platform', 'webtoon', 'social', 'payments']
export const storeKinds = ['postgres', 'mariadb', 'redis'] as const
export type ScaffoldedStore = (typeof storeKinds)[number]

/** A wish that cannot be fulfilled: a wrong use of the command line. */
export class WishError extends Error {
  readonly code = 'USAGE'
}

interface Words {
  readonly path: string
  readonly store?: string | undefined
  readonly consumes?: string | undefined
}

/** Reads `<product>/<name>` and the options. @throws WishError that says what would be right */
export function wishFrom({ path, store, consumes }: Words, all: Topology): Wish {
  const [product = '', name = '', ...rest] = path.split('/')
  if (rest.length > 0 || name === '') {
    throw new WishError(
      `A new service is named <product>/<name>, for example webtoon/reviews, not "${path}".`,
    )
  }
  return {
    product: productFrom(product),
    name: nameFrom(name, all),
    word: name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase()),
    store: storeFrom(store),
    consumes: topicFrom(consumes, all),
  }
}

function productFrom(word: string): Product {
  const product = products.find((one) => one === word)
  if (product) return product
  throw new WishError(`There is no product "${word}". Products are: ${products.join(', ')}.`)
}

/** Files that every service may have: `<name>.ts` holds its rules and needs a name of its own. */
const fileNames = 'service api start main routes store events metrics consumers testing'.split(' ')
/** Words that cannot be the name of an import, or that topology.ts uses already. */
const reserved =
  'new default class import export delete function return switch case with var let const this null true false enum static yield await typeof void while try catch throw else break continue declare topology'.split(
    ' ',
  )

function nameFrom(name: string, { services, stores }: Topology): string {
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name) || name.length > 30) {
    throw new WishError(
      `"${name}" cannot be a service's name: lower case letters, digits and single dashes, a letter first, at most 30.`,
    )
  }
  if (fileNames.includes(name) || reserved.includes(name)) {
    throw new WishError(
      `"${name}" cannot be a service's name: it means something else in the code.`,
    )
  }
  const taken = services.find((one) => one.name === name)
  if (taken)
    throw new WishError(`There is a service "${name}" already, in product ${taken.product}.`)
  const prefixed = services.find(({ edge }) => edge && publicPrefixes(edge).includes(`/${name}`))
  if (prefixed) throw new WishError(`The path /${name} belongs to ${prefixed.name} already.`)
  const kept = stores.find((store) => store.name === name.replaceAll('-', '_'))
  if (kept) throw new WishError(`There is a ${kept.engine} store "${kept.name}" already.`)
  return name
}

function storeFrom(word: string | undefined): Wish['store'] {
  const kind = storeKinds.find((one) => one === word)
  if (word === undefined || kind) return kind
  throw new WishError(`--store is one of ${storeKinds.join(', ')}, not "${word}".`)
}

function topicFrom(word: string | undefined, { topics }: Topology): Topic | undefined {
  const topic = topics.find(({ name }) => name === word)
  if (word === undefined || topic?.deadLetters) return topic
  const names = topics.filter(({ deadLetters }) => deadLetters).map(({ name }) => name)
  throw new WishError(`--consumes is one of ${names.join(', ')}, not "${word}".`)
}
