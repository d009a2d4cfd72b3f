import { setTimeout as delay } from 'node:timers/promises'
import { Redis } from 'ioredis'
import kafkajs, { type Admin } from 'kafkajs'
import pg from 'pg'
import type { Store } from '../model/store.ts'
import type { Topic } from '../model/topic.ts'
import { connect, retries } from './kafka/client.ts'

/** Administrator of a Postgres or MariaDB server. */
export interface SqlAdmin {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
}

/** Administrator of a Redis server. */
export interface RedisAdmin {
  readonly host: string
  readonly port: number
  readonly password: string
}

/**
 * Brings the broker's topics to what is declared: creates what is missing, adds partitions, sets retention and sizes.
 * Partitions are never taken away. Idempotent.
 * @param prefix put before every name; '' in earnest
 */
export async function provisionTopics(
  bootstrap: string,
  topics: readonly Topic[],
  prefix: string,
): Promise<void> {
  const { client } = connect({
    bootstrap,
    prefix,
    clientId: 'maru-provision',
    retry: retries.fresh,
  })
  const admin = client.admin()
  await admin.connect()
  try {
    await createTopics(admin, topics, prefix)
    await growTopics(admin, topics, prefix)
    await correctTopics(admin, topics, prefix)
  } finally {
    await admin.disconnect()
  }
}

async function createTopics(admin: Admin, topics: readonly Topic[], prefix: string): Promise<void> {
  const there = new Set(await admin.listTopics())
  const missing = topics.filter((topic) => !there.has(prefix + topic.name))
  if (missing.length === 0) return
  await admin.createTopics({
    waitForLeaders: false,
    topics: missing.map((topic) => ({
      topic: prefix + topic.name,
      numPartitions: topic.partitions,
      configEntries: settingsOf(topic),
    })),
  })
  await haveLeaders(
    admin,
    missing.map((topic) => prefix + topic.name),
  )
}

const leadersWithinMs = 15_000

/** kafkajs' own wait ends with an error when the broker has not yet heard of a topic that its controller made. */
async function haveLeaders(admin: Admin, topics: string[]): Promise<void> {
  const until = Date.now() + leadersWithinMs
  for (;;) {
    try {
      const { topics: found } = await admin.fetchTopicMetadata({ topics })
      if (found.every((one) => one.partitions.every(({ leader }) => leader >= 0))) return
    } catch (error) {
      if ((error as { retriable?: boolean }).retriable !== true) throw error
    }
    if (Date.now() > until) throw new Error(`The broker has no leader for ${topics.join(', ')}.`)
    await delay(50)
  }
}

const settingsOf = (topic: Topic) => [
  { name: 'retention.ms', value: String(topic.retentionMs) },
  { name: 'max.message.bytes', value: String(topic.maxMessageBytes) },
  { name: 'message.timestamp.type', value: 'LogAppendTime' },
  { name: 'cleanup.policy', value: 'delete' },
]

/** Sets topics right whose declaration has changed since they were created. */
async function correctTopics(
  admin: Admin,
  topics: readonly Topic[],
  prefix: string,
): Promise<void> {
  const { resources: found } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: topics.map((topic) => ({
      type: kafkajs.ConfigResourceTypes.TOPIC,
      name: prefix + topic.name,
      configNames: settingsOf(topic).map(({ name }) => name),
    })),
  })
  const resources = topics
    .map((topic) => ({ name: prefix + topic.name, configEntries: settingsOf(topic) }))
    .filter(({ name, configEntries }) => {
      const set = found.find(({ resourceName }) => resourceName === name)?.configEntries ?? []
      return configEntries.some(
        (wanted) => set.find((one) => one.configName === wanted.name)?.configValue !== wanted.value,
      )
    })
    .map((one) => ({ ...one, type: kafkajs.ConfigResourceTypes.TOPIC }))
  if (resources.length > 0) await admin.alterConfigs({ validateOnly: false, resources })
}

async function growTopics(admin: Admin, topics: readonly Topic[], prefix: string): Promise<void> {
  const { topics: found } = await admin.fetchTopicMetadata({
    topics: topics.map((t) => prefix + t.name),
  })
  const topicPartitions = topics
    .filter(
      (topic) =>
        (found.find((one) => one.name === prefix + topic.name)?.partitions.length ?? 0) <
        topic.partitions,
    )
    .map((topic) => ({ topic: prefix + topic.name, count: topic.partitions }))
  if (topicPartitions.length > 0) await admin.createPartitions({ topicPartitions })
}

/**
 * Makes a store's database and its login, which owns that database and can enter no other. Idempotent; the
 * password is set to the given one.
 */
export async function provisionDatabase(
  server: SqlAdmin,
  login: { database: string; user: string; password: string },
): Promise<void> {
  const { database, user, password } = login
  await asPostgresAdmin(server, async (admin) => {
    const [role, name] = [admin.escapeIdentifier(user), admin.escapeIdentifier(database)]
    const { rowCount: hasRole } = await admin.query('select 1 from pg_roles where rolname = $1', [
      user,
    ])
    await admin.query(
      `${hasRole ? 'alter' : 'create'} role ${role} login password ${admin.escapeLiteral(password)}`,
    )
    const { rowCount: hasDatabase } = await admin.query(
      'select 1 from pg_database where datname = $1',
      [database],
    )
    if (!hasDatabase) await admin.query(`create database ${name} owner ${role}`)
    await admin.query(`revoke connect on database ${name} from public`)
  })
}

/** Runs `work` with a connection of the administrator, which is closed after it. */
export async function asPostgresAdmin(
  server: SqlAdmin,
  work: (admin: pg.Client) => Promise<void>,
): Promise<void> {
  const admin = new pg.Client({ ...server, database: 'postgres', connectionTimeoutMillis: 5000 })
  await admin.connect()
  try {
    await work(admin)
  } finally {
    await admin.end()
  }
}

/** Makes or renews the Redis user of a store, which may touch the store's key patterns only. */
export async function provisionRedisUser(
  server: RedisAdmin,
  store: Store,
  login: { user: string; password: string },
): Promise<void> {
  await setRedisUser(server, login, redisStoreRights(store))
}

/** Rules of a Redis store's user: its key patterns, and no command that concerns the whole server. */
export const redisStoreRights = (store: Store): readonly string[] => [
  ...store.keys.map((pattern) => `~${pattern}`),
  ...['+@all', '-@admin', '-@dangerous', '+info', '+keys', '+scan'],
]

/** Makes or renews a Redis user with these rules and no others. */
export async function setRedisUser(
  { host, port, password }: RedisAdmin,
  login: { user: string; password: string },
  rules: readonly string[],
): Promise<void> {
  const redis = new Redis({
    host,
    port,
    password,
    lazyConnect: true,
    connectTimeout: 5000,
    maxRetriesPerRequest: 0,
  })
  await redis.connect()
  try {
    await redis.call('ACL', 'SETUSER', login.user, 'reset', 'on', `>${login.password}`, ...rules)
    await redis.call('ACL', 'SAVE').catch(() => undefined) // a server without an aclfile forgets users at its end
  } finally {
    redis.disconnect()
  }
}
