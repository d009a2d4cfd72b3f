import test, { type ExecutionContext } from 'ava'
import { suites } from '../../prove/suites.ts'
import type { Score } from '../../drill/run.ts'
import { copyCheckout } from './checkout-copy.ts'
import { asked, survived, up } from './testing.ts'

// One platform, alone on the machine; each test goes on where the last ended. What waits for somebody who is gone waits
// a tenth of its time; members of groups a fifth, since a busy machine is silent for a second by itself.
const one = copyCheckout({ KAFKA_SESSION_MS: '2000', OUTBOX_LEASE_MS: '3000' })
test.before(async (t) => {
  t.timeout(180_000)
  await up(t as ExecutionContext, one)
})
test.after.always(() => one.remove())

/** One of each kind; all of them are for `./maru prove`. */
const ofEachKind = {
  faults: [
    ...['kill-catalog-1', 'pause-auth-1', 'poison', 'repeated-records', 'redis-amnesia'],
    ...['index-loss', 'key-rotation', 'storm-search'],
    ...['reset-kafka', 'lost-reply-title', 'kill-at-title'],
  ],
  payments: [
    ...['kill-mariadb', 'repeated-facts', 'kill-at-c4-commit'],
    ...['kill-at-c15-posted', 'late-authorization'],
  ],
}

for (const [suite, names] of Object.entries(ofEachKind))
  test.serial(`whatever breaks in ${suite}, nothing is lost, and all is well again`, async (t) => {
    t.timeout(300_000)
    await survived(t, one, { suite, faults: names })
  })

test('the kinds are faults that there are', (t) => {
  for (const [suite, names] of Object.entries(ofEachKind)) {
    const known = suites.find(({ name }) => name === suite)?.faults.map(({ name }) => name)
    t.deepEqual(
      names.filter((name) => !known?.includes(name)),
      [],
    )
  }
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
