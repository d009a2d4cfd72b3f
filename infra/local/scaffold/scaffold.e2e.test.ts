import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import test from 'ava'
import { execa } from 'execa'
import { bench } from '../../../services/kit/testing.ts'
import type { Service } from '../../../services/model/service.ts'
import { topology } from '../../../services/topology.ts'
import { copyCheckout } from '../cli/checkout-copy.ts'
import { testServers } from '../engines/testing.ts'
import { freePorts } from '../ports.ts'

const root = new URL('../../..', import.meta.url).pathname
const copy = copyCheckout()
const made = {
  plain: 'social/sample-plain',
  postgres: 'webtoon/sample-rows',
  mariadb: 'payments/sample-books',
  redis: 'payments/sample-keys',
}

test.before(async () => {
  await maru('new', made.plain)
  await maru('new', made.postgres, '--store', 'postgres')
  await maru('new', made.mariadb, '--store', 'mariadb')
  await maru('new', made.redis, '--store', 'redis', '--consumes', 'catalog.upsert.v1')
})
test.after.always(() => copy.remove())

test('what is scaffolded type-checks and is written in the house style', async (t) => {
  const folders = Object.values(made).map((path) => `services/${path}`)
  const project = JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8')) as object
  const include = ['services/topology.ts', 'services/*/stores.ts', ...folders]
  writeFileSync(join(copy.root, 'tsconfig.new.json'), JSON.stringify({ ...project, include }))
  await t.notThrowsAsync(
    tool('tsc', '--noEmit', '--incremental', 'false', '-p', 'tsconfig.new.json'),
  )
  await t.notThrowsAsync(tool('prettier', '--check', 'services/topology.ts', ...folders))
})

test('after ./maru render nothing is out of date, and the laws hold', async (t) => {
  await maru('render')
  await t.notThrowsAsync(maru('render', '--check'))
  t.true(existsSync(join(copy.root, 'docs/api/sample-plain.openapi.json')))
  await t.notThrowsAsync(tool('ava', 'services/topology.test.ts'))
})

test('the test beside a new service is green', async (t) => {
  await t.notThrowsAsync(tool('ava', `services/${made.plain}/*.test.ts`))
})

for (const path of Object.values(made)) {
  test(`${path} starts as a process and answers`, async (t) => {
    const { default: service } = (await import(
      join(copy.root, 'services', path, 'service.ts')
    )) as {
      default: Service
    }
    const store = service.stores[0]?.engine
    const wanted = store === undefined || store === 'opensearch' ? [] : [store]
    const tested = await testServers(
      ...wanted,
      ...(service.consumes.length > 0 ? ['kafka' as const] : []),
    )
    t.teardown(tested.stop)
    const table = await bench(
      { ...topology, services: [...topology.services, service] },
      tested.servers,
    )
    t.teardown(table.stop)
    const [port = 0, admin = 0] = await freePorts(2)
    const env = { PORT: String(port), ADMIN_PORT: String(admin) }
    const child = spawn(process.execPath, [join(copy.root, 'services', path, 'main.ts')], {
      env: { ...(await table.environment(service, { env })), PATH: process.env['PATH'] },
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    const ended = once(child, 'exit')
    t.teardown(async () => {
      child.kill('SIGTERM')
      await ended
    })
    await Promise.race([
      answers(`http://127.0.0.1:${admin}/readyz`),
      ended.then(() => Promise.reject(new Error('It ended before it was ready.'))),
    ])
    const method = store === undefined ? 'GET' : 'POST'
    const answer = await fetch(`http://127.0.0.1:${port}/${service.name}/Mina`, { method })
    t.deepEqual(await answer.json(), { greeting: 'Hello, Mina.' })
  })
}

async function maru(...words: readonly string[]): Promise<void> {
  const { code, progress } = await copy.maru(...words)
  if (code !== 0) throw new Error(`./maru ${words.join(' ')} ended with ${code}: ${progress}`)
}

const tool = (name: string, ...words: readonly string[]) =>
  execa(join(root, 'node_modules/.bin', name), words, { cwd: copy.root, all: true })

/** Resolves when the address answers 200. */
async function answers(url: string): Promise<void> {
  const until = Date.now() + 30_000
  for (;;) {
    const ok = await fetch(url).then(
      ({ ok }) => ok,
      () => false,
    )
    if (ok) return
    if (Date.now() > until) throw new Error(`${url} did not answer 200 within 30 s.`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
