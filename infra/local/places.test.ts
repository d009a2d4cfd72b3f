import { cp, mkdir, mkdtemp, readlink, rm, stat, symlink } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { makePlaces, places } from './paths.ts'
import { freePort, freePorts } from './ports.ts'
import { secret } from './secrets.ts'

const asRoot = process.getuid?.() === 0

test('two checkouts share the cache and nothing else', async (t) => {
  const [one, two] = [places(await checkout(t), {}), places(await checkout(t), {})]
  t.is(one.cache, two.cache)
  t.not(one.state, two.state)
})

test('a checkout reached through a link is the same checkout', async (t) => {
  const root = await checkout(t)
  const link = join(await checkout(t), 'link')
  await symlink(root, link)
  t.deepEqual(places(link, {}), places(root, {}))
})

test('MARU_CACHE and MARU_STATE decide where things lie', async (t) => {
  const where = places(await checkout(t), { MARU_CACHE: '/c', MARU_STATE: '/s' })
  t.like(where, { cache: '/c', state: '/s', secrets: '/s/secrets', link: undefined })
})

test('engine accounts can pass through the data folder, but not see secrets', async (t) => {
  const root = await checkout(t)
  const where = places(root, { MARU_CACHE: join(root, 'c'), MARU_STATE: join(root, 's') })
  await makePlaces(where)
  const modes = [where.state, where.data, where.secrets].map(
    async (path) => (await stat(path)).mode,
  )
  t.deepEqual(
    (await Promise.all(modes)).map((mode) => (mode & 0o777).toString(8)),
    ['755', '711', '700'],
  )
})

const rootTest = asRoot ? test : test.skip

rootTest("root's state lies outside a 0700 home, and a copied checkout gets its own", async (t) => {
  const root = await checkout(t)
  const where = await made(t, root)
  t.is(await readlink(join(root, '.maru')), where.state)
  const copy = join(await checkout(t), 'copy')
  await cp(root, copy, { recursive: true, verbatimSymlinks: true })
  const other = await made(t, copy)
  t.is(await readlink(join(copy, '.maru')), other.state)
  t.not(other.state, where.state)
})

rootTest('a state folder of a run without root is not overwritten', async (t) => {
  const root = await checkout(t)
  await mkdir(join(root, '.maru'))
  await t.throwsAsync(made(t, root), { message: /move it away/ })
})

test('a taken or promised port is passed over', async (t) => {
  const server = createServer().listen({ host: '127.0.0.1', port: (await freePorts(1))[0] ?? 0 })
  await new Promise((resolve) => server.once('listening', resolve))
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  const next = await freePort(port)
  t.true(next > port)
  t.true((await freePort(port, new Set([next]))) > next)
})

test('ports for tests are different and below the ephemeral range', async (t) => {
  const ports = await freePorts(20)
  t.is(new Set(ports).size, 20)
  t.true(ports.every((port) => port >= 20_000 && port < 32_000))
})

test('a secret is made once, even by many at a time, and only its owner can read it', async (t) => {
  const folder = join(await checkout(t), 'secrets')
  const made = await Promise.all([1, 2, 3, 4].map(() => secret(folder, 'redis')))
  t.is(new Set(made).size, 1)
  t.regex(made[0] ?? '', /^[\w-]{32}$/)
  t.deepEqual([await secret(folder, 'redis')], made.slice(0, 1))
  t.is((await stat(join(folder, 'redis'))).mode & 0o777, 0o600)
})

async function checkout(t: ExecutionContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'maru-checkout-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  return folder
}

async function made(t: ExecutionContext, root: string) {
  const where = places(root, {})
  t.teardown(() => rm(where.state, { recursive: true, force: true }))
  await makePlaces(where)
  return where
}
