import test from 'ava'
import type { StoreKind } from '../../services/model/store.ts'
import { topology } from '../../services/topology.ts'
import { endpointsOf } from '../endpoints.ts'
import { selectorOf } from '../kubernetes/object.ts'
import { speaksKafka } from '../../services/model/service.ts'
import { enginesOf } from '../workloads/edges.ts'
import { contextOf } from '../workloads/testing.ts'
import { defaultDeny, networkPolicy } from '../workloads/network.ts'
import { storeNetworkPolicies } from './store-network.ts'
import { settingsOf } from './testing.ts'

interface Rule {
  readonly from?: readonly Selector[]
  readonly to?: readonly Selector[]
  readonly ports?: readonly { readonly port: number }[]
}
interface Selector {
  readonly podSelector?: { readonly matchLabels?: Labels }
}
type Labels = Readonly<Record<string, string>>
interface Policy {
  readonly podSelector: { readonly matchLabels?: Labels }
  readonly ingress: readonly Rule[]
  readonly egress: readonly Rule[]
}

const stack = 'dev'
const context = contextOf(stack)
const policies = storeNetworkPolicies({ settings: settingsOf(stack), topology })

const specOf = (object: { readonly [field: string]: unknown }) => object['spec'] as Policy
const gate = (name: string): Policy =>
  specOf(policies.find(({ metadata }) => metadata.name === `server-${name}`) ?? {})

/** Services that the policy lets in on that port. */
const admitted = (policy: Policy, port: number): readonly string[] =>
  policy.ingress
    .filter(({ ports }) => ports?.some((one) => one.port === port))
    .flatMap(({ from = [] }) => from)
    .flatMap(({ podSelector }) =>
      podSelector?.matchLabels?.['app.kubernetes.io/instance'] === stack
        ? [podSelector.matchLabels['app.kubernetes.io/name'] ?? '']
        : [],
    )
    .sort()

const using = (engine: StoreKind): readonly string[] =>
  topology.services
    .filter((one) => enginesOf(one).includes(engine))
    .map(({ name }) => name)
    .sort()

test('each server admits exactly the services that declare it', (t) => {
  const places = endpointsOf(stack)
  for (const engine of ['postgres', 'mariadb', 'redis', 'opensearch'] as const)
    t.deepEqual(admitted(gate(engine), places[engine].port), using(engine), engine)
  t.deepEqual(admitted(gate('postgres-pooler'), places.postgresPooler.port), using('postgres'))
  const speaking = topology.services.filter(speaksKafka).map(({ name }) => name)
  t.deepEqual(admitted(gate('kafka'), places.kafka.port), speaking.sort())
})

test('where a service may go to a server, the server lets it in', (t) => {
  for (const service of topology.services) {
    const leaving = specOf(networkPolicy(service, context)).egress
    for (const { to = [], ports = [] } of leaving)
      for (const { podSelector } of to) {
        const target = policies.map(specOf).find((policy) => same(policy.podSelector, podSelector))
        if (!target) continue
        for (const { port } of ports)
          t.true(admitted(target, port).includes(service.name), `${service.name} ${port}`)
      }
  }
})

const same = (one: Selector['podSelector'], other: Selector['podSelector']): boolean => {
  const [some, more] = [one?.matchLabels ?? {}, other?.matchLabels ?? {}]
  const shared = Object.keys(some).filter((key) => some[key] === more[key])
  return shared.length > 0 && Object.keys(more).every((key) => shared.includes(key))
}

test('every rule names its peers, with services and without: an empty list would let everybody in', (t) => {
  const settings = settingsOf(stack)
  for (const services of [topology.services, []])
    for (const { metadata, ...rest } of storeNetworkPolicies({ settings, topology: { services } }))
      for (const { from } of specOf(rest).ingress) t.true((from?.length ?? 0) > 0, metadata.name)
})

test('no server is without a policy, since the default is that nothing may speak', (t) => {
  t.deepEqual(specOf(defaultDeny(context)).podSelector, {})
  const selected = policies.map((object) => JSON.stringify(specOf(object).podSelector))
  t.is(new Set(selected).size, policies.length)
  t.true(selected.includes(JSON.stringify({ matchLabels: selectorOf('redis', stack) })))
})
