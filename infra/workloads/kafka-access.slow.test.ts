import test, { type ExecutionContext } from 'ava'
import kafkajs from 'kafkajs'
import { kafka, PublishError, type Kafka } from '../../services/kit/kafka.ts'
import { connect } from '../../services/kit/kafka/client.ts'
import { provisionTopics } from '../../services/kit/provision.ts'
import { contextOf } from '../../services/kit/testing/context.ts'
import { lostOrders, order, placed, seller, sender } from '../../services/kit/testing/shop.ts'
import { until } from '../../services/kit/testing/until.ts'
import { service, type Service } from '../../services/model/service.ts'
import { topic } from '../../services/model/topic.ts'
import { withLogins } from '../local/engines/kafka-logins.ts'
import { ownServer, type OwnServer } from '../local/engines/testing.ts'
import { freePorts } from '../local/ports.ts'
import { aclsOf, type Acl } from './kafka-access.ts'

const foreign = topic('shop.salaries.v1', {
  summary: 'Nobody’s here.',
  key: 'id',
  type: 'shop.salary.v1',
  schema: placed.schema,
})
const watcher = service({
  name: 'watcher',
  product: 'platform',
  summary: 'Looks at every topic.',
  port: 22_003,
  observes: 'all',
  slo: { availability: 99, latency: { p95Ms: 100 } },
})
const users: readonly Service[] = [seller, sender, watcher]
const passwordOf = ({ name }: Service): string => `${name}-password`

let broker: OwnServer
let door: string

test.before(async () => {
  const [port = 0] = await freePorts(1)
  door = `127.0.0.1:${port}`
  const passwords = Object.fromEntries(users.map((one) => [one.name, passwordOf(one)]))
  broker = await ownServer('kafka', withLogins(port, passwords))
  const open = `127.0.0.1:${broker.port}`
  await provisionTopics(open, [placed, lostOrders, foreign], '')
  await grant(open)
})
test.after.always(() => broker?.stop())

/** Gives each user the rights that Strimzi's operator would read in its `KafkaUser`. */
async function grant(bootstrap: string): Promise<void> {
  const admin = connect({ bootstrap, prefix: '', clientId: 'operator' }).client.admin()
  await admin.connect()
  const acl = users.flatMap((one) => aclsOf(one).flatMap(entriesOf(one)))
  await admin.createAcls({ acl })
  // The controller has them at once; what counts is the broker's copy, which follows.
  await until('the rights on the broker', async () => {
    const { resources } = await admin.describeAcls(everyRight)
    return resources.reduce((sum, { acls }) => sum + acls.length, 0) >= acl.length
  })
  await admin.disconnect()
}

const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } = kafkajs
const resourceTypes = {
  topic: AclResourceTypes.TOPIC,
  group: AclResourceTypes.GROUP,
  cluster: AclResourceTypes.CLUSTER,
}
const operationTypes: Readonly<Record<string, kafkajs.AclOperationTypes>> = {
  Read: AclOperationTypes.READ,
  Write: AclOperationTypes.WRITE,
  Describe: AclOperationTypes.DESCRIBE,
}
const everyRight = {
  resourceType: AclResourceTypes.ANY,
  resourcePatternType: ResourcePatternTypes.ANY,
  operation: AclOperationTypes.ANY,
  permissionType: AclPermissionTypes.ANY,
}

const entriesOf =
  ({ name }: Service) =>
  ({ resource, operations }: Acl) =>
    operations.map((operation) => ({
      resourceType: resourceTypes[resource.type],
      resourceName: resource.name ?? 'kafka-cluster',
      resourcePatternType: ResourcePatternTypes.LITERAL,
      principal: `User:${name}`,
      host: '*',
      operation: operationTypes[operation] ?? AclOperationTypes.UNKNOWN,
      permissionType: AclPermissionTypes.ALLOW,
    }))

/** The kit's Kafka of a service that has logged in. */
function loggedIn(t: ExecutionContext, one: Service, password = passwordOf(one)) {
  const env = { KAFKA_BOOTSTRAP: door, KAFKA_USER: one.name, KAFKA_PASSWORD: password }
  const context = contextOf({ ...one, stores: [] }, env)
  t.teardown(() => context.life.stop(0, 5000))
  const port: Kafka = kafka(context)
  return { context, port }
}

test('with the rights of its declaration a service publishes and another consumes', async (t) => {
  const { context, port } = loggedIn(t, seller)
  const publisher = await port.publisher()
  const reader = loggedIn(t, sender)
  const got: string[] = []
  await reader.port.consume(sender.consumes[0]!, {
    batch: async ({ records }) => void got.push(...records.map(({ value }) => value.id)),
  })
  await publisher.publish(placed, order('paid'))
  await until('the record', () => got.includes('paid'), 30_000)
  t.deepEqual(await context.life.checks(), { kafka: 'ok' })
  await until('its readiness', async () =>
    Object.values(await reader.context.life.checks()).every((one) => one === 'ok'),
  )
})

test('what cannot be read may be written to the dead letters', async (t) => {
  const { port } = loggedIn(t, sender)
  const publisher = await port.publisher()
  const letter = { key: null, value: Buffer.from('unreadable'), headers: {} }
  t.is((await publisher.forward(lostOrders, letter)).partition, 0)
})

test('a topic that was not granted is refused, and the error says which and why', async (t) => {
  const publisher = await loggedIn(t, seller).port.publisher()
  const error = await t.throwsAsync(publisher.publish(foreign, order('x')), {
    instanceOf: PublishError,
  })
  t.is(error.code, 'REFUSED')
  t.false(error.retriable)
  t.regex(error.message, /shop\.salaries\.v1.*authori/i)
})

test('a reader may not write', async (t) => {
  const publisher = await loggedIn(t, sender).port.publisher()
  const error = await t.throwsAsync(publisher.publish(placed, order('x')), {
    instanceOf: PublishError,
  })
  t.is(error.code, 'REFUSED')
})

test('whoever observes reads offsets of every topic and group', async (t) => {
  const offsets = await loggedIn(t, watcher).port.offsets()
  t.is((await offsets.ends(foreign)).length, foreign.partitions)
  // A fresh broker loads its first group for a moment.
  await until(
    'the coordinator',
    () =>
      offsets.committed('sender', placed).then(
        () => true,
        () => false,
      ),
    60_000,
  )
  t.pass()
})

test('a wrong password leaves a service unready with a reason', async (t) => {
  const { context } = loggedIn(t, seller, 'guessed')
  // On a busy machine a check may be over before the broker has refused.
  await until('the reason', async () =>
    /authentication|SASL/i.test((await context.life.checks())['kafka'] ?? ''),
  )
  t.pass()
})
