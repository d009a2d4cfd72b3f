import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { endpoint, portOf } from './endpoint.ts'
import type { Engine, Site } from './engine.ts'
import { howToInstall, obtainPackaged } from './packaged.ts'
import { folder, writeFor } from './site-folder.ts'

const users = 'users.acl'

/** Redis with an append-only file; refuses writes instead of forgetting keys when its memory is full. */
export const redis: Engine = {
  name: 'redis',
  summary: 'Redis',
  vital: true,
  ports: { main: 6379 },
  account: 'redis',
  secret: true,
  stopSignal: 'SIGTERM',
  stopWithinMs: 10_000,
  readyWithinMs: 20_000,
  missing: howToInstall('redis'),
  obtain: (workshop) => obtainPackaged('redis', workshop),
  prepare,
  command: (site) => ({ program: site.supply.program ?? '', args: flags(site) }),
  probe,
}

/** Keeps the users that were added with ACL SAVE and sets the administrator's line anew. */
async function prepare(site: Site): Promise<void> {
  await folder(site, 'data')
  const kept = await readFile(join(site.dir, users), 'utf8').catch(() => '')
  const others = kept.split('\n').filter((line) => line !== '' && !line.startsWith('user default '))
  const hash = createHash('sha256').update(site.password).digest('hex')
  const lines = [`user default on #${hash} ~* &* +@all`, ...others]
  await writeFor(site, users, `${lines.join('\n')}\n`)
}

function flags(site: Site): string[] {
  const options = {
    bind: '127.0.0.1',
    port: String(portOf(site)),
    dir: join(site.dir, 'data'),
    aclfile: join(site.dir, users),
    appendonly: 'yes',
    appendfsync: 'everysec',
    save: '',
    daemonize: 'no',
    maxmemory: '256mb',
    'maxmemory-policy': 'noeviction',
  }
  return Object.entries(options).flatMap(([name, value]) => [`--${name}`, value])
}

async function probe(site: Site): Promise<void> {
  const { host, port, user, password = site.password } = endpoint(site)
  const client = new Redis({
    host,
    port,
    ...(user !== undefined && { username: user }),
    password,
    lazyConnect: true,
    connectTimeout: 2_000,
    commandTimeout: 2_000,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  })
  let reason: Error | undefined
  client.on('error', (error) => (reason = error))
  try {
    await client.connect()
    await client.ping()
  } catch (error) {
    // ioredis rejects with "Connection is closed." and tells the cause by its event only.
    throw reason ?? error
  } finally {
    client.disconnect()
  }
}
