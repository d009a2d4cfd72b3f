import test, { type ExecutionContext } from 'ava'
import { Redis } from 'ioredis'
import { topology } from '../../services/topology.ts'
import { writeFor } from '../local/engines/site-folder.ts'
import { ownServer, type OwnServer } from '../local/engines/testing.ts'
import { filledFrom, storeSecretName } from '../workloads/secrets.ts'
import { healthUser, metricsUser, redisAcl, redisAclFile } from './redis-acl.ts'
import { redisMetrics } from './secrets.ts'

const fill = filledFrom('a seed for this test alone')
const stores = topology.stores.filter(({ engine }) => engine === 'redis')

let server: OwnServer

/** A real Redis that has loaded the list. */
test.before(async () => {
  server = await ownServer('redis')
  const admin = connection('default', server.site.password)
  await writeFor(server.site, redisAclFile, redisAcl(topology).data(fill)[redisAclFile] ?? '')
  // The answer may be lost: the list puts out who asked.
  await admin.call('ACL', 'LOAD').catch(() => undefined)
  admin.disconnect()
})
test.after.always(() => server.stop())

function connection(username: string, password: string): Redis {
  const redis = new Redis({
    host: '127.0.0.1',
    port: server.port,
    username,
    password,
    maxRetriesPerRequest: 0,
    enableReadyCheck: false,
    retryStrategy: () => null,
  })
  redis.on('error', () => undefined)
  return redis
}

function connected(t: ExecutionContext, username: string, password: string): Redis {
  const redis = connection(username, password)
  t.teardown(() => redis.disconnect())
  return redis
}

test.serial('a store’s user touches its own keys, and nobody else’s', async (t) => {
  for (const store of stores) {
    const redis = connected(t, store.name, fill.password(storeSecretName(store)))
    for (const pattern of store.keys) {
      t.is(await redis.set(pattern.replace('*', 'one'), '1'), 'OK')
      t.is(await redis.get(pattern.replace('*', 'one')), '1')
    }
    await t.throwsAsync(() => redis.get('another:one'), { message: /NOPERM/ })
    await t.throwsAsync(() => redis.call('CONFIG', 'GET', 'dir'), { message: /NOPERM/ })
    await t.throwsAsync(() => redis.flushall(), { message: /NOPERM/ })
  }
})

test.serial(
  'who probes needs no password, and can only ping and read the list again',
  async (t) => {
    const redis = connected(t, healthUser, 'whatever')
    t.is(await redis.ping(), 'PONG')
    await t.throwsAsync(() => redis.get('rank:one'), { message: /NOPERM/ })
    await t.throwsAsync(() => redis.call('ACL', 'LIST'), { message: /NOPERM/ })
    // Last, since this version of Redis puts everybody out when it loads the list.
    t.is(await redis.call('ACL', 'LOAD'), 'OK')
  },
)

test.serial('who measures reads numbers and no key; the default user is out', async (t) => {
  const redis = connected(t, metricsUser, fill.password(redisMetrics))
  t.regex(await redis.info(), /used_memory:/)
  t.truthy(await redis.call('CONFIG', 'GET', 'maxmemory'))
  t.is(typeof (await redis.call('SLOWLOG', 'LEN')), 'number')
  await t.throwsAsync(() => redis.call('SLOWLOG', 'RESET'), { message: /NOPERM/ })
  await t.throwsAsync(() => redis.get('rank:one'), { message: /NOPERM/ })
  const unnamed = connected(t, 'default', server.site.password)
  await t.throwsAsync(() => unnamed.ping())
})
