import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import pg from 'pg'
import { testServers } from '../../infra/local/engines/testing.ts'
import gateway from '../platform/gateway/service.ts'
import { topology } from '../topology.ts'
import catalog from '../webtoon/catalog/service.ts'
import { readRank } from '../webtoon/scopes.ts'
import { serviceVariableName } from './bindings.ts'
import { bench } from './testing.ts'
import { frontedOf } from '../model/topology.ts'

const main = (path: string): string => fileURLToPath(new URL(`../${path}/main.ts`, import.meta.url))

interface Process {
  readonly stdout: () => string
  readonly exit: Promise<number | null>
  kill(signal: NodeJS.Signals): void
  /** Resolves with the service's `ready` line. */
  readonly ready: Promise<{ url: string; admin: string }>
}

/** `main.ts` as a process of its own, with nothing but `env`. */
function start(path: string, env: Record<string, string>, ...args: string[]): Process {
  const child = spawn(
    process.execPath,
    ['--disable-warning=TimeoutNegativeWarning', main(path), ...args],
    {
      env: { PATH: process.env['PATH'] ?? '', ...env },
    },
  )
  let said = ''
  const ready = Promise.withResolvers<{ url: string; admin: string }>()
  const hear = (chunk: Buffer): void => {
    said += chunk.toString()
    const line = said.split('\n').find((one) => one.includes('"msg":"ready"'))
    if (line) ready.resolve(JSON.parse(line) as { url: string; admin: string })
  }
  child.stdout.on('data', hear)
  child.stderr.on('data', hear)
  const exit = once(child, 'exit').then(([code]) => code as number | null)
  void exit.then((code) => ready.reject(new Error(`ended with ${code}: ${said}`)))
  ready.promise.catch(() => undefined)
  return {
    stdout: () => said,
    exit,
    ready: ready.promise,
    kill: (signal) => void child.kill(signal),
  }
}

test('a wrong environment ends with 3 and names everything that is missing', async (t) => {
  const { exit, stdout } = start('webtoon/catalog', { PORT: 'eighty' })
  t.is(await exit, 3)
  for (const name of [
    'INSTANCE',
    'ADMIN_PORT',
    'POSTGRES_CATALOG_HOST',
    'POSTGRES_CATALOG_PASSWORD',
    'KAFKA_BOOTSTRAP',
    'AUTH_ISSUER',
  ])
    t.true(stdout().includes(`${name} is missing`), name)
})

test('--print-config shows the environment without its secrets', async (t) => {
  const place = await bench(topology, {})
  t.teardown(() => place.stop())
  const { exit, stdout } = start(
    'webtoon/catalog',
    await place.environment(catalog),
    '--print-config',
  )
  t.is(await exit, 0)
  const shown = JSON.parse(stdout()) as Record<string, string>
  t.is(shown['POSTGRES_CATALOG_PASSWORD'], '***')
  t.is(shown['INSTANCE'], 'catalog-1')
})

test('a word that the service does not know ends with 2, before anything is read', async (t) => {
  const { exit, stdout } = start('webtoon/catalog', {}, 'migrat')
  t.is(await exit, 2)
  t.regex(stdout(), /catalog does not know "migrat"; it knows migrate/)
})

test('main.ts migrate brings the tables and ends', async (t) => {
  const { servers, stop } = await testServers('postgres', 'kafka')
  const place = await bench(topology, servers)
  t.teardown(async () => {
    await place.stop()
    await stop()
  })
  const { exit } = start('webtoon/catalog', await place.environment(catalog), 'migrate')
  t.is(await exit, 0)
  const database = new pg.Client({ ...servers.postgres, database: `${place.prefix}catalog` })
  await database.connect()
  const { rowCount } = await database.query('select 1 from catalog limit 1')
  await database.end()
  t.is(rowCount, 0)
})

test('a signal lets the request in flight finish, takes no new ones, and ends with 0', async (t) => {
  const { servers, stop } = await testServers('redis')
  const place = await bench(topology, servers)
  const upstream = await slowServer()
  t.teardown(async () => {
    upstream.server.close()
    await place.stop()
    await stop()
  })
  const urls = frontedOf(topology).map(({ name }) => [serviceVariableName(name), upstream.url])
  const env = {
    ...(await place.environment(gateway)),
    ...Object.fromEntries(urls),
    LOG_LEVEL: 'info',
  }
  const running = start('platform/gateway', env)
  const { url, admin } = await running.ready
  const headers = await place.bearer(readRank)
  const answer = fetch(`${url}/rank/top?window=10s`, { headers })
  await upstream.asked
  running.kill('SIGTERM')
  while ((await fetch(`${admin}/readyz`).catch(() => undefined))?.status === 200);
  const { status, headers: said } = await answer
  t.is(status, 200)
  t.is(said.get('connection'), 'close')
  await t.throwsAsync(fetch(`${url}/rank/top?window=10s`, { headers }))
  t.is(await running.exit, 0)
})

/** Answers after 600 ms. */
async function slowServer() {
  const asked = Promise.withResolvers<void>()
  const server = createServer((_request, response) => {
    asked.resolve()
    setTimeout(() => response.setHeader('content-type', 'application/json').end('[]'), 600)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    server,
    asked: asked.promise,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  }
}
