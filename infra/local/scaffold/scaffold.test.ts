import {
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { execa } from 'execa'
import { bench } from '../../../services/kit/testing.ts'
import type { Service } from '../../../services/model/service.ts'
import { topology } from '../../../services/topology.ts'
import { testServers } from '../engines/testing.ts'
import { freePorts } from '../ports.ts'
import { nextPort } from './port.ts'
import { wishFrom } from './wish.ts'

const root = new URL('../../..', import.meta.url).pathname
const place: { copy: string } = { copy: '' }
const made = {
  plain: 'social/sample-plain',
  postgres: 'webtoon/sample-rows',
  redis: 'payments/sample-keys',
}

test.before(async () => {
  place.copy = await copyOfTree()
  await maru('new', made.plain)
  await maru('new', made.postgres, '--store', 'postgres')
  await maru('new', made.redis, '--store', 'redis', '--consumes', 'catalog.upsert.v1')
})
test.after.always(() => rmSync(place.copy, { recursive: true, force: true }))

test('what is scaffolded type-checks and is written in the house style', async (t) => {
  const folders = Object.values(made).map((path) => `services/${path}`)
  const project = JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8')) as object
  const include = ['services/topology.ts', 'services/*/stores.ts', ...folders]
  writeFileSync(join(place.copy, 'tsconfig.new.json'), JSON.stringify({ ...project, include }))
  await t.notThrowsAsync(
    tool('tsc', '--noEmit', '--incremental', 'false', '-p', 'tsconfig.new.json'),
  )
  await t.notThrowsAsync(tool('prettier', '--check', 'services/topology.ts', ...folders))
})

test('after ./maru render nothing is out of date, and the laws hold', async (t) => {
  await maru('render')
  t.is((await maru('render', '--check')).exitCode, 0)
  t.true(existsSync(join(place.copy, 'docs/api/sample-plain.openapi.json')))
  await t.notThrowsAsync(tool('ava', 'services/topology.test.ts'))
})

test('the test beside a new service is green', async (t) => {
  await t.notThrowsAsync(tool('ava', `services/${made.plain}/*.test.ts`))
})

for (const path of [made.plain, made.postgres, made.redis]) {
  test(`${path} starts as a process and answers`, async (t) => {
    const { default: service } = (await import(
      join(place.copy, 'services', path, 'service.ts')
    )) as {
      default: Service
    }
    const store = service.stores[0]?.engine
    const wanted = store === 'redis' || store === 'postgres' ? [store] : []
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
    const child = spawn(process.execPath, [join(place.copy, 'services', path, 'main.ts')], {
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

test('wrong products, names and options are refused with what would be right', (t) => {
  const refusal = (path: string, options: object = {}) =>
    t.throws(() => wishFrom({ path, ...options }, topology), { code: 'USAGE' })?.message ?? ''
  t.regex(refusal('reviews'), /<product>\/<name>, for example webtoon\/reviews/)
  t.regex(refusal('games/chess'), /Products are: platform, webtoon, social, payments/)
  t.regex(refusal('webtoon/catalog'), /There is a service "catalog" already, in product webtoon/)
  t.regex(refusal('webtoon/token'), /path \/token belongs to auth/)
  t.regex(refusal('webtoon/Größe'), /lower case letters, digits and single dashes/)
  t.regex(refusal('webtoon/../x'), /<product>\/<name>/)
  t.regex(refusal('webtoon/routes'), /means something else/)
  t.regex(refusal('webtoon/x', { store: 'oracle' }), /one of postgres, redis/)
  t.regex(refusal('webtoon/x', { consumes: 'nothing.v1' }), /one of .*events\.page_view\.v1/)
})

test('a new port is the next one of the product that nobody has, its admin port included', (t) => {
  const port = nextPort('webtoon', topology)
  const taken = topology.services.flatMap((one) => [one.port, one.port + 1000])
  t.false(taken.includes(port) || taken.includes(port + 1000))
  t.is(nextPort('payments', topology), 8201)
})

async function copyOfTree(): Promise<string> {
  const copy = mkdtempSync(join(tmpdir(), 'maru-new-'))
  const listed = await execa('git', ['ls-files', '-co', '--exclude-standard'], {
    cwd: root,
    lines: true,
  })
  for (const path of listed.stdout.filter((one) => existsSync(join(root, one)))) {
    cpSync(join(root, path), join(copy, path))
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
  return copy
}

const maru = (...words: readonly string[]) =>
  execa(process.execPath, ['infra/local/cli/main.ts', ...words], { cwd: place.copy })

const tool = (name: string, ...words: readonly string[]) =>
  execa(join(root, 'node_modules/.bin', name), words, { cwd: place.copy, all: true })

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
