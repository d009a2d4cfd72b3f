import type { Client, DeclaredClient, Scope } from './scope.ts'
import type { Service } from './service.ts'
import type { Store } from './store.ts'
import { consume, type Topic } from './topic.ts'

/** Everything that is declared, with the sets that follow from it. */
export interface Topology {
  readonly services: readonly Service[]
  readonly clients: readonly Client[]
  readonly topics: readonly Topic[]
  readonly stores: readonly Store[]
  readonly scopes: readonly Scope[]
}

/**
 * Puts declarations together. Topics, stores and scopes are those that the services mention.
 */
export function topology(
  services: readonly Service[],
  clients: readonly DeclaredClient[],
): Topology {
  const scopes = unique(scopesOf(services))
  const topics = services.flatMap((one) => [
    ...one.publishes,
    ...one.consumes.map((consumption) => consumption.topic),
  ])
  const withDeadLetters = topics.flatMap((one) => [
    one,
    ...(one.deadLetters ? [one.deadLetters] : []),
  ])
  const all = unique(withDeadLetters)
  return {
    services: services.map((one) => (one.recovers === 'all' ? recovering(one, all) : one)),
    clients: clients.map((one) => ({ ...one, scopes: one.scopes === 'all' ? scopes : one.scopes })),
    topics: all,
    stores: unique(services.flatMap((one) => one.stores)),
    scopes,
  }
}

/** Consumer group of whoever recovers dead letters (contract). */
const recoveryGroup = 'dlq-consumer-group'

/** Whoever recovers all consumes every dead-letter topic, and publishes to the topics that they belong to. */
function recovering(one: Service, topics: readonly Topic[]): Service {
  const recoverable = topics.filter(({ deadLetters }) => deadLetters !== undefined)
  const letters = unique(recoverable.flatMap(({ deadLetters }) => deadLetters ?? []))
  return {
    ...one,
    publishes: [...one.publishes, ...recoverable],
    consumes: [...one.consumes, ...letters.map((topic) => consume(topic, recoveryGroup))],
  }
}

/** Whether a service beside its owner reads a store. */
export const isRead = (all: Pick<Topology, 'services'>, store: Store): boolean =>
  all.services.some(({ reads }) => reads.some((one) => one === store))

/** The clients that an environment has, e.g. `prod`. */
export const clientsIn = (
  { clients }: Pick<Topology, 'clients'>,
  environment: string,
): readonly Client[] => clients.filter(({ only }) => only?.includes(environment) ?? true)

/** The service of that name. @throws Error naming all services */
export function serviceNamed(all: Topology, name: string): Service {
  const found = all.services.find((one) => one.name === name)
  if (found) return found
  const names = all.services.map((one) => one.name).join(', ')
  throw new Error(`There is no service "${name}". Services are: ${names}.`)
}

/** Services that the public reaches through whoever fronts all. */
export const frontedOf = (all: Pick<Topology, 'services'>): readonly Service[] =>
  all.services.filter((one) => one.edge !== undefined)

/** Services that publish a topic; whoever consumes a topic publishes its dead letters. */
export const publishersOf = (all: Topology, topic: Topic): readonly Service[] =>
  all.services.filter(
    (one) =>
      one.publishes.includes(topic) ||
      one.consumes.some((consumption) => consumption.topic.deadLetters === topic),
  )

/** Services that consume a topic. */
export const consumersOf = (all: Topology, topic: Topic): readonly Service[] =>
  all.services.filter((one) => one.consumes.some((consumption) => consumption.topic === topic))

/**
 * A service with everything that it needs, callees first: what `./maru dev <service>` starts.
 * `needs` follows `calls` and, for services with protected routes, whoever issues the tokens (`/.well-known`).
 */
export function withNeeds(all: Topology, wanted: readonly Service[]): readonly Service[] {
  const order: Service[] = []
  const visit = (one: Service): void => {
    if (order.includes(one)) return
    for (const callee of [...one.calls, ...issuerFor(all, one)]) visit(callee)
    order.push(one)
  }
  for (const one of wanted) visit(one)
  return order
}

/** The path under which the issuer of tokens publishes its keys. */
export const jwksPath = '/.well-known/jwks.json'

/** The service that publishes the token keys. @throws Error when none does */
export function issuerOf(all: Topology): Service {
  const issuer = all.services.find((one) =>
    Object.values(one.api).some((route) => route.path === jwksPath),
  )
  if (!issuer)
    throw new Error(`No service declares a route ${jwksPath}; tokens could not be verified.`)
  return issuer
}

const issuerFor = (all: Topology, one: Service): readonly Service[] => {
  const guarded = Object.values(one.api).some((route) => route.access !== 'public')
  const issuer = guarded || one.edge === undefined ? issuerOf(all) : undefined
  return issuer && issuer !== one ? [issuer] : []
}

const scopesOf = (services: readonly Service[]): readonly Scope[] =>
  services
    .flatMap((one) => Object.values(one.api))
    .flatMap((route) => (route.access === 'public' ? [] : [route.access]))

const unique = <Item>(items: readonly Item[]): readonly Item[] => [...new Set(items)]
