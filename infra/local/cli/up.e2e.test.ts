import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { isRunning } from '../supervisor/process-table.ts'
import type { Contact, Entry } from '../supervisor/spec.ts'
import { copyCheckout, type CheckoutCopy } from './checkout-copy.ts'
import type { Environment } from './environment.ts'

test.serial(
  'a checkout under a 0700 folder comes up, twice, survives a killed supervisor and leaves nothing',
  async (t) => {
    const one = await checkout(t)
    const first = await up(t, one)
    t.regex(first.trace, /^[\da-f]{32}$/)
    await contractHolds(t, first)
    t.like(await get(`${first.traces.query}/health`), { status: 200 })

    const before = journalOf(one)
    const second = await one.maru('up')
    t.is(second.code, 0, second.progress)
    t.regex(second.progress, /Kafka.*already running/)
    t.deepEqual(journalOf(one), before)

    process.kill(contactOf(one).pid, 'SIGKILL')
    const healed = await up(t, one)
    t.false(before.some(isRunning), 'what the killed supervisor left behind was ended')
    t.deepEqual(addressesOf(healed), addressesOf(first))

    const running = [...journalOf(one), contactOf(one)]
    t.is((await one.maru('down')).code, 0)
    t.deepEqual(running.filter(isRunning), [])
  },
)

test.serial('two checkouts side by side never meet', async (t) => {
  const [one, two] = [await checkout(t), await checkout(t)]
  // At the same moment: what one has chosen and not bound yet is not free for the other.
  const [first, second] = await Promise.all([upOnly(t, one, 'auth'), upOnly(t, two, 'auth')])
  const [here, there] = [jwksOf(first), jwksOf(second)]
  t.not(here, there)
  const keys = await Promise.all([get(here), get(there)])
  t.is(keys[0].status, 200)
  t.notDeepEqual(keys[0].body, keys[1].body)
  t.notDeepEqual(first.clients, second.clients)

  t.is((await one.maru('down')).code, 0)
  t.is((await get(there)).status, 200)

  const left = journalOf(two)
  process.kill(contactOf(two).pid, 'SIGKILL')
  t.is((await two.maru('down', '--wipe')).code, 0)
  t.deepEqual(left.filter(isRunning), [])
  t.false(existsSync(join(two.root, '.maru')))
})

test.serial('a process that dies is started again, and ps shows it', async (t) => {
  const one = await checkout(t)
  const env = await upOnly(t, one, 'auth')
  const [instance] = env.services['auth']?.instances ?? []
  process.kill(instance?.pid ?? 0, 'SIGKILL')
  const again = await until(async () => {
    const rows = JSON.parse((await one.maru('ps', '--json')).out) as PsRow[]
    return rows.find(
      ({ name, restarts, phase }) => name === 'auth-1' && restarts === 1 && phase === 'running',
    )
  })
  t.like(again, { lastEnd: 'SIGKILL' })
  t.not(again.pid, instance?.pid)
  await until(async () => (await get(jwksOf(env))).status === 200 || undefined)
})

interface PsRow {
  readonly name: string
  readonly restarts: number
  readonly phase: string
  readonly pid?: number
}

type Up = Environment & { readonly trace: string }

async function checkout(t: ExecutionContext): Promise<CheckoutCopy> {
  const copy = copyCheckout()
  t.teardown(() => copy.remove())
  t.is(statSync(join(copy.root, '..')).mode & 0o777, 0o700)
  return copy
}

async function up(t: ExecutionContext, copy: CheckoutCopy, ...words: string[]): Promise<Up> {
  const { code, out, progress } = await copy.maru('up', '--json', ...words)
  t.is(code, 0, progress)
  return JSON.parse(out) as Up
}

async function upOnly(t: ExecutionContext, copy: CheckoutCopy, service: string): Promise<Up> {
  await up(t, copy, '--only', service)
  return JSON.parse((await copy.maru('env', '--json')).out) as Up
}

async function contractHolds(t: ExecutionContext, env: Up): Promise<void> {
  t.regex(env.gateway, /^http:/)
  for (const [name, { instances }] of Object.entries(env.services)) {
    for (const { url, admin } of instances) {
      t.regex(url, /^http:/)
      t.is((await get(`${admin}/readyz`)).status, 200, name)
    }
  }
  t.regex(env.kafka.bootstrap, /^127\.0\.0\.1:\d+$/)
  t.regex(env.redis.url, /^redis:\/\/:.+@127\.0\.0\.1:\d+$/)
  t.regex(env.postgres['catalog'] ?? '', /^postgres:\/\/catalog:.+@127\.0\.0\.1:\d+\/catalog$/)
  t.deepEqual(env.mariadb, {})
  t.is((await get(env.opensearch.url)).status, 200)
  t.is((await get(`${env.prometheus.url}/-/ready`)).status, 200)
  t.is((await get(`${env.alertmanager.url}/-/ready`)).status, 200)
  t.is(env.traces.otlp, null)
  t.true(
    env.clients.every(({ id, secret, scopes }) => id !== '' && secret !== '' && scopes.length > 0),
  )
}

const jwksOf = (env: Up): string =>
  `${env.services['auth']?.instances[0]?.url}/.well-known/jwks.json`

const addressesOf = ({ gateway, kafka, redis, postgres, opensearch }: Up) => ({
  gateway,
  kafka,
  redis,
  postgres,
  opensearch,
})

const journalOf = ({ root }: CheckoutCopy): readonly Entry[] =>
  JSON.parse(readFileSync(join(root, '.maru/processes.json'), 'utf8')) as Entry[]

const contactOf = ({ root }: CheckoutCopy): Contact =>
  JSON.parse(readFileSync(join(root, '.maru/supervisor.json'), 'utf8')) as Contact

async function get(url: string): Promise<{ status: number; body: string }> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(5000) })
    return { status: response.status, body: await response.text() }
  } catch (error) {
    return { status: 0, body: (error as Error).message }
  }
}

async function until<Value>(ask: () => Promise<Value | undefined>): Promise<Value> {
  for (const deadline = Date.now() + 30_000; Date.now() < deadline;) {
    const answer = await ask()
    if (answer !== undefined) return answer
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  throw new Error('No answer within 30 s.')
}
