import test from 'ava'
import { readConfig } from '../../services/kit/config.ts'
import { adminOffset, speaksKafka, type Service } from '../../services/model/service.ts'
import { consumersOf, frontedOf, publishersOf } from '../../services/model/topology.ts'
import { topology } from '../../services/topology.ts'
import { identityOf } from '../kubernetes/object.ts'
import { callersOf } from './edges.ts'
import { aclsOf } from './kafka-access.ts'
import { isScaled } from './scaling.ts'
import { contextOf, objectOf, stackObjects } from './testing.ts'

const { services } = topology
const stacks = ['dev', 'prod'] as const

interface Container {
  readonly env: readonly { readonly name: string; readonly value?: string }[]
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[]
  readonly readinessProbe: { readonly httpGet: { readonly port: string } }
}
interface Deployment {
  readonly spec: {
    readonly replicas?: number
    readonly template: {
      readonly spec: {
        readonly containers: readonly [Container]
        readonly volumes: readonly {
          readonly projected?: {
            readonly sources: readonly { readonly secret: { name: string } }[]
          }
        }[]
      }
    }
  }
}

const deploymentOf = (service: Service, stack: string): Deployment =>
  objectOf('Deployment', service, contextOf(stack)) as unknown as Deployment

test('no two objects are the same one, and every name is one that Kubernetes takes', (t) => {
  for (const stack of stacks) {
    const objects = stackObjects(contextOf(stack))
    t.is(new Set(objects.map(identityOf)).size, objects.length, stack)
    for (const { metadata } of objects) {
      t.regex(metadata.name, /^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/)
      t.is(metadata.namespace, `maru-${stack}`)
      t.is(metadata.labels?.['app.kubernetes.io/part-of'], 'maru', metadata.name)
    }
  }
})

test('a container gets every variable that its service reads', (t) => {
  for (const service of services) {
    const [container] = deploymentOf(service, 'dev').spec.template.spec.containers
    const set = container.env.map(({ name, value = 'pod' }) => [name, value])
    const env = Object.fromEntries(set) as Record<string, string>
    // The files are the kubelet's to mount: their contents stand in here.
    const readable = Object.entries(env).map(([name, value]) =>
      value.startsWith('/var/run/secrets/maru/') && name.endsWith('_FILE')
        ? [name.replace(/_FILE$/, ''), name.includes('CLIENTS') ? '[]' : 'x'.repeat(32)]
        : [name, value],
    )
    t.notThrows(() => readConfig(service, Object.fromEntries(readable) as typeof env), service.name)
  }
})

test('every file that a variable points to is mounted from a Secret', (t) => {
  for (const service of services) {
    const { containers, volumes } = deploymentOf(service, 'dev').spec.template.spec
    const files = containers[0].env
      .map(({ value = '' }) => value)
      .filter((value) => value.startsWith('/var/run/secrets/maru/'))
      .map((value) => value.replace('/var/run/secrets/maru/', ''))
    const mounted = volumes.flatMap(({ projected }) => projected?.sources ?? [])
    const paths = JSON.stringify(mounted)
    for (const file of files) t.true(paths.includes(`"path":"${file}"`), `${service.name} ${file}`)
  }
})

test('container, Service, probe and network speak of the same ports', (t) => {
  for (const service of services) {
    const [container] = deploymentOf(service, 'dev').spec.template.spec.containers
    const ports = [service.port, service.port + adminOffset]
    t.deepEqual(
      container.ports.map(({ containerPort }) => containerPort),
      ports,
    )
    t.is(container.readinessProbe.httpGet.port, 'admin')
    const { spec } = objectOf('Service', service, contextOf('dev')) as unknown as {
      spec: { ports: readonly { port: number; targetPort: string }[] }
    }
    t.deepEqual(
      spec.ports.map(({ port }) => port),
      ports,
    )
    t.deepEqual(
      spec.ports.map(({ targetPort }) => targetPort),
      container.ports.map(({ name }) => name),
    )
  }
})

test('replicas stand in the Deployment exactly where no scaler owns them', (t) => {
  for (const stack of stacks) {
    for (const service of services) {
      const { replicas } = deploymentOf(service, stack).spec
      t.is(replicas === undefined, isScaled(service, contextOf(stack)), `${stack} ${service.name}`)
    }
  }
})

test('the network lets through the declared calls and no others', (t) => {
  const context = contextOf('dev')
  const policies = new Map(
    services.map((service) => [
      service,
      objectOf('NetworkPolicy', service, context) as unknown as { spec: Policy },
    ]),
  )
  for (const callee of services) {
    const allowed = services.filter(
      (caller) =>
        caller !== callee &&
        passes(policies.get(callee)?.spec.ingress, 'from', caller.name, callee.port) &&
        passes(policies.get(caller)?.spec.egress, 'to', callee.name, callee.port),
    )
    t.deepEqual(names(allowed), names(callersOf(topology, callee)), callee.name)
  }
})

test('the front door may reach every fronted service, and only it is open to the public', (t) => {
  const gateway = services.find(({ fronts }) => fronts === 'all')
  t.truthy(gateway)
  for (const service of frontedOf(topology))
    t.true(callersOf(topology, service).includes(gateway as Service), service.name)
  const open = services.filter((service) =>
    JSON.stringify(objectOf('NetworkPolicy', service, contextOf('dev'))).includes(
      'gateway.envoyproxy.io/',
    ),
  )
  t.deepEqual(names(open), ['gateway'])
})

test('every publisher and consumer of a topic may write and read it, and nobody else', (t) => {
  for (const topic of topology.topics) {
    const may = (operation: string): readonly Service[] =>
      services.filter((service) =>
        aclsOf(service).some(
          ({ resource, operations }) =>
            resource.type === 'topic' &&
            resource.name === topic.name &&
            operations.includes(operation),
        ),
      )
    t.deepEqual(names(may('Write')), names(publishersOf(topology, topic)), `${topic.name} writers`)
    t.deepEqual(names(may('Read')), names(consumersOf(topology, topic)), `${topic.name} readers`)
  }
})

test('a service that does not speak Kafka has no Kafka user', (t) => {
  const users = stackObjects(contextOf('dev')).filter(({ kind }) => kind === 'KafkaUser')
  const speakers = services.filter(speaksKafka)
  t.deepEqual(users.map(({ metadata }) => metadata.name).sort(), names(speakers))
})

test('no object holds a secret, and prod asks External Secrets for each that is mounted', (t) => {
  for (const stack of stacks)
    t.false(stackObjects(contextOf(stack)).some(({ kind }) => kind === 'Secret'))
  const context = contextOf('prod')
  const ordered = new Set(
    stackObjects(context)
      .filter(({ kind }) => kind === 'ExternalSecret')
      .map(({ metadata }) => metadata.name),
  )
  for (const service of services) {
    const mounted = deploymentOf(service, 'prod').spec.template.spec.volumes.flatMap(
      ({ projected }) => projected?.sources.map(({ secret }) => secret.name) ?? [],
    )
    for (const name of mounted) {
      const byOperator = name === service.name || name === 'opensearch-http-cert'
      t.true(byOperator || ordered.has(name), `${service.name} mounts ${name}`)
    }
  }
})

test('every topic has as many copies as there are brokers for', (t) => {
  const factors = (stack: string): readonly unknown[] =>
    stackObjects(contextOf(stack))
      .filter(({ kind }) => kind === 'KafkaTopic')
      .map((topic) => (topic['spec'] as { replicas: number }).replicas)
  t.true(factors('dev').every((factor) => factor === 1))
  t.true(factors('prod').every((factor) => factor === 3))
})

interface Policy {
  readonly ingress: readonly Rule[]
  readonly egress: readonly Rule[]
}
type Peer = { readonly podSelector?: { readonly matchLabels: Readonly<Record<string, string>> } }
type Rule = { readonly ports: readonly { readonly port: number }[] } & {
  readonly [side in 'from' | 'to']?: readonly Peer[]
}

const passes = (
  rules: readonly Rule[] | undefined,
  side: 'from' | 'to',
  name: string,
  port: number,
): boolean =>
  (rules ?? []).some(
    (rule) =>
      rule.ports.some((one) => one.port === port) &&
      rule[side]?.some((peer) => peer.podSelector?.matchLabels['app.kubernetes.io/name'] === name),
  )

const names = (all: readonly Service[]): readonly string[] => all.map(({ name }) => name).sort()
