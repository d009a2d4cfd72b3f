import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { execa } from 'execa'
import { innerWords, words } from './command.ts'
import { replicasFrom, servicesNamed, withoutProduct } from './services.ts'
import { concerns } from './source-changes.ts'
import { topology } from '../../../services/topology.ts'
import { serviceNamed } from '../../../services/model/topology.ts'

const root = new URL('../../..', import.meta.url).pathname
const state = mkdtempSync(join(tmpdir(), 'maru-words-'))
test.after.always(() => rmSync(state, { recursive: true, force: true }))

const maru = (...argv: string[]) =>
  execa(join(root, 'maru'), argv, { reject: false, stdin: 'ignore', env: { MARU_STATE: state } })

test('every word has its file', (t) => {
  for (const word of [...words, ...innerWords]) {
    t.true(existsSync(join(import.meta.dirname, `${word}.ts`)), word)
  }
})

test('without a word it says what it can do and the state that it is in', async (t) => {
  const { exitCode, stdout } = await maru()
  t.is(exitCode, 0)
  t.regex(stdout, /up .*start the platform/)
  t.regex(stdout, /Nothing runs in this checkout/)
})

test('an unknown word is a wrong use and gets a suggestion', async (t) => {
  const { exitCode, stdout, stderr } = await maru('upp')
  t.is(exitCode, 2)
  t.regex(stderr, /Did you mean up\?/)
  t.is(stdout, '')
})

test('an unknown service and a wrong count are wrong uses', async (t) => {
  t.like(await maru('up', '--only', 'rnk'), { exitCode: 2 })
  t.like(await maru('up', '--replicas', 'rank'), { exitCode: 2 })
  t.like(await maru('test', '--fast', '--all'), { exitCode: 2 })
})

test('load wants one that there is, a rate that can be, and a platform that runs', async (t) => {
  const { exitCode, stdout } = await maru('load', '--list', '--json')
  t.is(exitCode, 0)
  for (const { name } of JSON.parse(stdout) as { name: string }[])
    t.true(existsSync(join(root, 'bench/load', `${name}.ts`)), name)
  const unknown = await maru('load', 'authorise')
  t.is(unknown.exitCode, 2)
  t.regex(unknown.stderr, /no load "authorise"; there are authorize-only/)
  t.like(await maru('load', 'full-flow', '--rate', '0.5'), { exitCode: 2 })
  const idle = await maru('load', 'full-flow', '--short')
  t.is(idle.exitCode, 3)
  t.regex(idle.stderr, /Nothing runs in this checkout: start it with .\/maru up/)
})

test('logs wants a name or a trace, and a number of lines', async (t) => {
  const nameless = await maru('logs')
  t.is(nameless.exitCode, 2)
  t.regex(nameless.stderr, /logs --trace <id>/)
  const wordy = await maru('logs', 'rank', '-n', 'x')
  t.is(wordy.exitCode, 2)
  t.regex(wordy.stderr, /"x" is no number/)
})

test('a service may be named with its product, and only with its own', (t) => {
  t.is(withoutProduct(topology, 'webtoon/rank'), 'rank')
  t.is(withoutProduct(topology, 'webtoon/rank-2'), 'rank-2')
  t.is(withoutProduct(topology, 'platform/rank'), 'platform/rank')
  t.is(withoutProduct(topology, 'kafka'), 'kafka')
  t.deepEqual(replicasFrom(topology, ['webtoon/rank=2']), { rank: 2 })
  t.throws(() => servicesNamed(topology, ['platform/rank']), { message: /platform\/rank/ })
})

test('env before the first up says what to do', async (t) => {
  const { exitCode, stderr } = await maru('env')
  t.is(exitCode, 3)
  t.regex(stderr, /\.\/maru up/)
})

test('dead letters are looked at in a running platform only, and replay wants to know which', async (t) => {
  t.like(await maru('dlq', 'replay'), { exitCode: 2 })
  t.like(await maru('dlq', 'replay', 'x', '--all'), { exitCode: 2 })
  t.like(await maru('dlq', 'ls'), { exitCode: 3 })
})

test('boards are named, and their values and alerts are those of a running platform', async (t) => {
  const { exitCode, stdout } = await maru('board')
  t.is(exitCode, 0)
  t.regex(stdout, /^rank +rank \(webtoon\)$/m)
  t.regex(stdout, /^msa-overview +MSA Overview$/m)
  const named = JSON.parse((await maru('board', '--json')).stdout) as { name: string }[]
  t.true(named.some(({ name }) => name === 'stores'))
  const unknown = await maru('board', 'ranks')
  t.is(unknown.exitCode, 2)
  t.regex(unknown.stderr, /no board "ranks".*rank/s)
  t.like(await maru('board', 'rank'), { exitCode: 3 })
  t.like(await maru('alerts'), { exitCode: 3 })
})

test('benchmarks are listed with what is wanted of them, and an unknown one is a wrong use', async (t) => {
  const { exitCode, stdout } = await maru('bench')
  t.is(exitCode, 0)
  t.regex(stdout, /^gateway .*CPU per request[^]*haproxy with JWT.*≤ 1 ×/m)
  t.like(await maru('bench', 'gatway'), { exitCode: 2 })
})

test('ps and down of a checkout in which nothing runs are no failures', async (t) => {
  t.like(await maru('ps', '--json'), { exitCode: 0, stdout: '[]' })
  t.like(await maru('down'), { exitCode: 0, stdout: 'Nothing was running.' })
})

test('a pattern that fits no test is a failure', async (t) => {
  const { exitCode, stdout } = await maru('test', 'no-such-test')
  t.is(exitCode, 1)
  t.is(stdout.split('\n').at(-1), '0 passed, 1 failed')
})

test('it works from another folder and through a symbolic link', async (t) => {
  const link = join(state, 'maru')
  symlinkSync(join(root, 'maru'), link)
  const options = { cwd: '/', env: { MARU_STATE: state } }
  t.like(await execa(link, ['ps', '--json'], options), { exitCode: 0, stdout: '[]', stderr: '' })
})

test('without Node and npm it says what to install', async (t) => {
  const copy = join(state, 'copy')
  mkdirSync(copy)
  copyFileSync(join(root, 'maru'), join(copy, 'maru'))
  const bin = join(state, 'bin')
  mkdirSync(bin)
  for (const tool of ['bash', 'readlink', 'dirname', 'flock', 'uname']) {
    symlinkSync(`/usr/bin/${tool}`, join(bin, tool))
  }
  mkdirSync(join(copy, 'infra/local/node'), { recursive: true })
  for (const folder of ['.', 'infra/local/node']) {
    writeFileSync(join(copy, folder, 'package-lock.json'), '{}')
  }
  const options = { env: { PATH: bin }, extendEnv: false, reject: false } as const
  const { exitCode, stderr } = await execa('/usr/bin/bash', [join(copy, 'maru'), 'ps'], options)
  t.is(exitCode, 3)
  t.regex(stderr, /install Node 20 or newer with npm/)
})

test('a change concerns a service by its folder, its product and the kit, not by its neighbours', (t) => {
  const rank = serviceNamed(topology, 'rank')
  t.true(concerns('services/webtoon/rank/store.ts', rank))
  t.true(concerns('services/webtoon/topics.ts', rank))
  t.true(concerns('services/kit/redis.ts', rank))
  t.false(concerns('services/webtoon/catalog/store.ts', rank))
  t.false(concerns('services/platform/scopes.ts', rank))
})
