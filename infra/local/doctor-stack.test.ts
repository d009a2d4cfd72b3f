import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { stringify } from 'yaml'
import { kinds } from '../definitions/kinds.ts'
import { atLeast, examineStack, throwAwayCluster } from './doctor-stack.ts'
import { freePorts } from './ports.ts'

const root = new URL('../..', import.meta.url).pathname
const folder = mkdtempSync(join(tmpdir(), 'maru-doctor-'))
test.after.always(() => rmSync(folder, { recursive: true, force: true }))
const where = { root, cache: join(folder, 'cache') }

test('a version is compared as two numbers, not as text', (t) => {
  const state = (said: string) => atLeast('pulumi', said, [3, 255], 'install a newer one').state
  t.is(state('v3.255.0'), 'ok')
  t.is(state('v3.1000.1'), 'ok')
  t.is(state('4.0.0'), 'ok')
  t.is(state('v3.99.0'), 'missing')
  t.is(state('v2.300.0'), 'missing')
  t.is(state('dev'), 'missing')
})

test('what is not built yet is said with the time that it takes', (t) => {
  const { state, text } = throwAwayCluster(where.cache)
  t.is(state, 'optional')
  t.regex(text, /^not built yet \(about \d+ min; \.\/maru cluster up builds it\)$/)
})

test('a stack without a usable file is missing, and no cluster is asked unasked', async (t) => {
  const findings = await examineStack({ where, stack: 'nowhere' })
  t.is(findings.find(({ subject }) => subject === 'stack nowhere')?.state, 'missing')
  t.false(findings.some(({ subject }) => subject === 'cluster'))
})

/** What an API server says of itself; the real one is asked by the tests of `infra/cluster`. */
async function saying(minor: string, groups: readonly string[], user: object = { token: 't' }) {
  const server = createServer((request, response) => {
    const body =
      request.url === '/version'
        ? { major: '1', minor }
        : { groups: groups.map((name) => ({ name })) }
    response.end(JSON.stringify(body))
  })
  const [port = 0] = await freePorts(1)
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const kubeconfig = join(folder, `${port}.kubeconfig`)
  const config = {
    'current-context': 'one',
    contexts: [{ name: 'one', context: { cluster: 'one', user: 'one' } }],
    clusters: [{ name: 'one', cluster: { server: `http://127.0.0.1:${port}` } }],
    users: [{ name: 'one', user }],
  }
  writeFileSync(kubeconfig, stringify(config))
  return { kubeconfig, close: () => new Promise((resolve) => server.close(resolve)) }
}

async function verdict(kubeconfig: string, throwAway: boolean) {
  const findings = await examineStack({ where, stack: 'dev', cluster: { kubeconfig, throwAway } })
  return findings.find(({ subject }) => subject === 'cluster')
}

const all = [...new Set(kinds.map(({ group }) => group))]

test('a cluster is new enough and serves what is written, or the sentence says what not', async (t) => {
  const good = await saying('34', all)
  t.is((await verdict(good.kubeconfig, true))?.state, 'ok')
  const old = await saying('30', all)
  t.regex((await verdict(old.kubeconfig, true))?.text ?? '', /is Kubernetes 1\.30; 1\.31 or newer/)
  const bare = await saying('34', all.slice(1))
  const missing = await verdict(bare.kubeconfig, true)
  t.is(missing?.state, 'missing')
  t.true(missing?.text.includes(all[0] ?? '-'))
  t.false(missing?.text.includes('Nothing was planned'))
  // A stack of one's own cluster installs its operators, with their definitions.
  t.is((await verdict(bare.kubeconfig, false))?.state, 'ok')
  for (const one of [good, old, bare]) await one.close()
  t.regex((await verdict(good.kubeconfig, true))?.text ?? '', /does not answer/)
})

test('a kubeconfig that is not there, and one that runs a program, are told apart', async (t) => {
  t.like(await verdict(join(folder, 'none'), false), { state: 'missing' })
  const program = await saying('30', [], { exec: { command: 'login' } })
  t.like(await verdict(program.kubeconfig, false), { state: 'optional' })
  await program.close()
})
