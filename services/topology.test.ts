import { existsSync } from 'node:fs'
import test from 'ava'
import { adminOffset, folderOf, type Service } from './model/service.ts'
import { clientsIn, consumersOf, issuerOf, publishersOf } from './model/topology.ts'
import { serverRequests } from './kit/http-observe.ts'
import { anyMerchant } from './payments/scopes.ts'
import { topology } from './topology.ts'

const { services, topics, stores, scopes, clients } = topology
const routes = services.flatMap((service) =>
  Object.values(service.api).map((route) => ({ service, route })),
)

test('no two services share a name', (t) => {
  t.deepEqual(repeated(services.map((service) => service.name)), [])
})

test('no two services share a port, admin ports included, and all lie below the ephemeral range', (t) => {
  const ports = services.flatMap(({ port }) => [port, port + adminOffset])
  t.deepEqual(repeated(ports), [])
  t.true(ports.every((port) => port > 1024 && port < 32_768))
})

test('every service has a summary of one sentence, an SLO and a folder', (t) => {
  for (const service of services) {
    t.regex(service.summary, /^[A-Z].+\.$/, service.name)
    t.true(service.slo.availability > 90 && service.slo.availability < 100, service.name)
    t.true(service.slo.latency.p95Ms > 0, service.name)
    t.true(existsSync(new URL(`../${folderOf(service)}/main.ts`, import.meta.url)), service.name)
  }
})

test('every task has a summary of one sentence, and none takes the word of the migrations', (t) => {
  for (const { name, tasks } of services) {
    t.false('migrate' in tasks, name)
    for (const summary of Object.values(tasks)) t.regex(summary, /^[A-Z].+\.$/, name)
  }
})

test('every store is owned by exactly one service', (t) => {
  for (const store of stores) {
    const owners = services.filter((service) => service.stores.includes(store))
    t.is(owners.length, 1, store.name)
  }
})

test('no two stores of one engine share a name, and a Redis store names its keys', (t) => {
  t.deepEqual(repeated(stores.map((store) => `${store.engine}/${store.name}`)), [])
  for (const store of stores) t.is(store.engine === 'redis', store.keys.length > 0, store.name)
})

test('every topic has a publisher and a consumer, or says who reads or writes it', (t) => {
  for (const topic of topics) {
    if (topic.readBy === 'outside') continue
    t.true(publishersOf(topology, topic).length > 0, `${topic.name} is published by nobody`)
    t.true(consumersOf(topology, topic).length > 0, `${topic.name} is consumed by nobody`)
  }
})

test('topic names are versioned and unique, and consumed topics have dead letters', (t) => {
  t.deepEqual(repeated(topics.map((topic) => topic.name)), [])
  for (const topic of topics) {
    t.regex(topic.name, /\.v\d+(\.dl[qt])?$/)
    const isConsumed = consumersOf(topology, topic).length > 0
    if (isConsumed && topic.encoding === 'json') t.truthy(topic.deadLetters, topic.name)
  }
})

test('no consumer group is shared by two services', (t) => {
  const groups = services.flatMap((service) => [
    ...new Set(service.consumes.map((one) => one.group)),
  ])
  t.deepEqual(repeated(groups), [])
})

test('every scope that a route asks for can be granted to some client', (t) => {
  const granted = new Set(clients.flatMap((client) => client.scopes))
  t.deepEqual(
    scopes.filter((scope) => !granted.has(scope)).map((scope) => scope.name),
    [],
  )
})

test('client ids are unique', (t) => {
  t.deepEqual(repeated(clients.map((client) => client.id)), [])
})

test('nobody acts for any merchant where money is real', (t) => {
  const holders = clients.filter(({ scopes: held }) => held.includes(anyMerchant))
  t.true(holders.length > 0)
  for (const { only = ['everywhere'] } of holders) t.deepEqual(only, ['local', 'dev'])
  t.deepEqual(
    clientsIn(topology, 'prod').filter((client) => holders.includes(client)),
    [],
  )
})

test('every path parameter of a route is declared, and every answer is documented', (t) => {
  for (const { service, route } of routes) {
    const line = `${service.name} ${route.method} ${route.path}`
    t.is(/:\w/.test(route.path), route.params !== undefined, line)
    t.true(Object.keys(route.answers).length > 0, line)
  }
})

test('no two routes of a service share method and path', (t) => {
  t.deepEqual(
    repeated(routes.map(({ service, route }) => `${service.name} ${route.method} ${route.path}`)),
    [],
  )
})

test('public prefixes belong to one service and hold every route behind the gateway', (t) => {
  t.deepEqual(repeated(services.flatMap(({ edge }) => edge?.prefixes ?? [])), [])
  for (const { service, route } of routes) {
    if (!service.edge) continue
    const held = service.edge.prefixes.some(
      (prefix) => route.path === prefix || route.path.startsWith(`${prefix}/`),
    )
    t.true(held, `${service.name} ${route.path} lies under none of its prefixes`)
  }
})

test('a breaker counts as slow what is near the time limit, and retries fit into it', (t) => {
  for (const { name, edge } of services) {
    if (!edge) continue
    t.true(edge.breaker.slowMs <= edge.timeLimitMs, name)
    t.true(edge.breaker.minimumCalls <= edge.breaker.window, name)
    t.true(edge.retries.firstBackoffMs * edge.retries.attempts < edge.timeLimitMs, name)
  }
})

test('the call graph is acyclic', (t) => {
  const visit = (service: Service, path: readonly Service[]): void => {
    t.false(path.includes(service), [...path, service].map((one) => one.name).join(' → '))
    for (const callee of service.calls) visit(callee, [...path, service])
  }
  for (const service of services) visit(service, [])
})

test('the latency target of every service is a bucket of its request histogram', (t) => {
  for (const service of services)
    t.true(serverRequests(service).buckets.includes(service.slo.latency.p95Ms / 1000), service.name)
})

test('metric names keep the rules of Prometheus and mean one thing', (t) => {
  const metrics = services.flatMap((service) => Object.values(service.metrics))
  for (const metric of metrics) {
    t.regex(metric.name, /^[a-z][a-z0-9_]*$/)
    t.is(metric.type === 'counter', metric.name.endsWith('_total'), metric.name)
    if (metric.type === 'histogram') t.regex(metric.name, /_(seconds|bytes|size)$/)
  }
  const kinds = new Set(metrics.map((metric) => `${metric.name} ${metric.type}`))
  t.is(kinds.size, new Set(metrics.map((metric) => metric.name)).size)
})

test('one service at most recovers dead letters, and it consumes the topic of each', (t) => {
  const recovering = services.filter(({ recovers }) => recovers === 'all')
  t.true(recovering.length <= 1)
  const letters = topics.filter(({ encoding }) => encoding === 'bytes')
  for (const { consumes, publishes } of recovering) {
    t.deepEqual(new Set(consumes.map(({ topic }) => topic)), new Set(letters))
    t.deepEqual(new Set(publishes.map(({ deadLetters }) => deadLetters)), new Set(letters))
  }
})

test('exactly one service publishes the token keys', (t) => {
  t.is(issuerOf(topology).name, 'auth')
})

function repeated(items: readonly (string | number)[]): readonly (string | number)[] {
  return items.filter((item, index) => items.indexOf(item) !== index)
}
