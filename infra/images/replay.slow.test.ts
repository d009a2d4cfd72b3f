import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { globSync, readFileSync } from 'node:fs'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { execa } from 'execa'
import { benchAddresses, provisionFor } from '../../services/kit/testing/addresses.ts'
import exporter from '../../services/platform/kafka-exporter/service.ts'
import { topology } from '../../services/topology.ts'
import { testServers } from '../local/engines/testing.ts'
import { poll } from '../local/poll.ts'
import { freePorts } from '../local/ports.ts'
import { buildArguments } from './build-arguments.ts'
import { replay, type Replayed } from './replay.ts'
import { stagesOf } from './dockerfile.ts'

const root = new URL('../..', import.meta.url).pathname
const built = {
  ...buildArguments(exporter, '1.2.3', { gitops: { repository: 'git.test', revision: 'main' } }),
  REVISION: 'abc',
}

const nowhere = {
  prefix: '',
  secret: () => '',
  urls: {},
  keys: {
    issuer: 'http://issuer.test',
    jwksUri: 'http://127.0.0.1:1/',
    tokenUrl: 'http://127.0.0.1:1/',
  },
  replica: 1,
}

let folder: string
let image: Replayed
test.before(async (t) => {
  t.timeout(420_000)
  folder = await mkdtemp(join(tmpdir(), 'maru-image-'))
  await chmod(folder, 0o755)
  image = await replay(root, folder, built)
})
test.after.always(() => rm(folder, { recursive: true, force: true }))

test('an image holds what runs, and nothing that tests or deploys', (t) => {
  const app = join(image.root, image.workdir)
  const has = (pattern: string): number => globSync(pattern, { cwd: app }).length
  for (const name of ['ava', '@pulumi', 'typescript', 'eslint', 'prettier'])
    t.is(has(`node_modules/${name}`), 0, name)
  t.is(has('services/**/*.test.ts'), 0)
  t.is(has('services/**/testing.ts'), 0)
  t.is(has('infra'), 0)
  t.true(has('services/**/*.sql') > 3)
  t.true(has('services/**/*.lua') > 2)
  t.is(has('node_modules/kafkajs'), 1)
})

test('it says what it is, and runs as nobody', (t) => {
  t.is(image.user, '10001:10001')
  t.is(image.labels['org.opencontainers.image.version'], '1.2.3')
  t.is(image.labels['org.opencontainers.image.title'], 'platform/kafka-exporter')
  t.is(image.labels['org.opencontainers.image.description'], exporter.summary)
  const bases = stagesOf(readFileSync(join(root, 'Dockerfile'), 'utf8'), built).map(
    ({ base }) => base,
  )
  t.true(
    bases.every((base) => /^node:24\.\d+\.\d+-/.test(base)),
    bases.join(' '),
  )
})

test('what follows the image’s name goes to the service', async (t) => {
  const [program = '', ...words] = image.entrypoint
  const cwd = join(image.root, image.workdir)
  const env = benchAddresses(exporter, topology, { ...nowhere, servers: {} })
  const { stdout } = await execa(program, [...words, '--print-config'], {
    cwd,
    env: { ...env, ...image.env, OTEL_TRACES_EXPORTER: 'none' },
  })
  t.like(JSON.parse(stdout), { INSTANCE: 'kafka-exporter-1' })
})

test('a service starts from it as nobody, on files that it cannot change, and ends with 0', async (t) => {
  t.timeout(120_000)
  const { servers, stop } = await testServers('kafka')
  t.teardown(stop)
  const app = join(image.root, image.workdir)
  await execa('chmod', ['-R', 'a-w,a+rX', folder])
  const [port = 0, admin = 0] = await freePorts(2)
  const place = { ...nowhere, servers }
  await provisionFor(exporter, topology, place)
  const env = {
    ...benchAddresses(exporter, topology, place),
    ...image.env,
    PORT: String(port),
    ADMIN_PORT: String(admin),
    OTEL_TRACES_EXPORTER: 'none',
    PATH: process.env['PATH'] ?? '',
    HOME: '/tmp',
  }
  const [program = '', ...words] = image.entrypoint
  const [uid = 0, gid = 0] = image.user.split(':').map(Number)
  const asNobody = process.getuid?.() === 0 ? { uid, gid } : {}
  const child = spawn(program, words, { cwd: app, env, stdio: 'pipe', ...asNobody })
  t.teardown(() => child.kill('SIGKILL'))
  let output = ''
  child.stdout.on('data', (bytes: Buffer) => (output += String(bytes)))
  child.stderr.on('data', (bytes: Buffer) => (output += String(bytes)))
  const page = async (path: string) =>
    fetch(`http://127.0.0.1:${admin}${path}`).catch(() => undefined)
  const alive = await poll(async () => ((await page('/readyz'))?.ok === true ? true : undefined), {
    withinMs: 60_000,
    everyMs: 100,
  })
  t.true(alive, output.slice(-2000))
  t.like(await (await page('/version'))?.json(), { service: 'kafka-exporter', version: '1.2.3' })
  child.kill('SIGTERM')
  const [code] = (await once(child, 'exit')) as [number]
  t.is(code, 0, output.slice(-2000))
})
