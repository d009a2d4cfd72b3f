import test, { type ExecutionContext } from 'ava'
import { faults } from '../../prove/faults.ts'
import type { Trial } from '../../prove/trial.ts'
import type { Score } from '../../drill/run.ts'
import { copyCheckout } from './checkout-copy.ts'
import { asked, up } from './testing.ts'

/** What `prove rolling --json` prints. */
interface Rolled {
  readonly ok: boolean
  readonly restarted: readonly string[]
  readonly trial: Trial
}

// One platform, alone on the machine; each test goes on where the last ended.
const one = copyCheckout()
test.before(async (t) => {
  t.timeout(180_000)
  await up(t as ExecutionContext, one)
})
test.after.always(() => one.remove())

/** One of each kind, with the same seed every time: others are for `./maru prove faults`. */
const seed = 20_261_127
const ofEachKind = [
  ...['kill-postgres', 'pause-opensearch', 'poison', 'repeated-records', 'redis-amnesia'],
  ...['index-loss', 'key-rotation', 'storm-search', 'reset-kafka', 'lost-reply-title'],
  'kill-at-count',
]

test.serial('whatever breaks, nothing is lost, and all is well again without a hand', async (t) => {
  t.timeout(300_000)
  await survived(t, ofEachKind)
})

/** The test fails with what the command says of the trial that failed. */
async function survived(t: ExecutionContext, names: readonly string[]): Promise<void> {
  const words = ['prove', 'faults', '--seed', String(seed), '--only', ...names]
  const { trials } = await asked<{ trials: readonly Trial[] }>(t, one, ...words)
  t.is(trials.length, names.length)
  for (const { fault, heldMs, wellMs, broken } of trials) {
    t.log(`${fault}: held ${heldMs} ms, well again after ${wellMs} ms`)
    t.deepEqual(broken, [])
  }
}

test('the kinds are faults that there are', (t) => {
  const names = faults.map(({ name }) => name)
  t.deepEqual(
    ofEachKind.filter((name) => !names.includes(name)),
    [],
  )
})

test.serial('people are told what they must know, and nothing else', async (t) => {
  t.timeout(300_000)
  const drills = ['service-hangs', 'guessed-secrets']
  const { scores } = await asked<{ scores: readonly Score[] }>(t, one, 'drill', ...drills)
  t.deepEqual(
    scores.map(({ drill, problems }) => ({ drill, problems })),
    drills.map((drill) => ({ drill, problems: [] })),
  )
})

const twice = ['gateway', 'auth', 'ingest', 'rank', 'catalog', 'search']

test.serial(
  'of two replicas each may be stopped, and one killed, and nobody notices',
  async (t) => {
    t.timeout(300_000)
    await up(t, one, '--replicas', ...twice.map((name) => `${name}=2`))
    const { ok, restarted, trial } = await asked<Rolled>(t, one, 'prove', 'rolling')
    t.deepEqual(trial.broken, [])
    t.true(ok)
    t.deepEqual([...restarted].sort(), twice.flatMap((name) => [`${name}-1`, `${name}-2`]).sort())
    await survived(t, ['kill-gateway-1', 'kill-search-1'])
  },
)
