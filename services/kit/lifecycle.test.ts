import test from 'ava'
import { setTimeout as pause } from 'node:timers/promises'
import { createLifecycle, type Lifecycle, type Stage } from './lifecycle.ts'
import { within } from './within.ts'
import { createLog } from './log.ts'

const log = createLog({ service: 'test', instance: 'test-1', level: 'silent' })
const never = (): Promise<void> => new Promise(() => undefined)

/** A life whose parts write down when they stop. */
function recorded(): {
  life: Lifecycle
  order: string[]
  part: (stage: Stage, name: string) => void
} {
  const order: string[] = []
  const life = createLifecycle(log)
  const part = (stage: Stage, name: string): void =>
    life.onStop(stage, name, () => void order.push(name))
  return { life, order, part }
}

test('stages stop in order, whatever the order of registration', async (t) => {
  const { life, order, part } = recorded()
  part('telemetry', 'spans')
  part('stores', 'pool')
  life.onStop('accept', 'http', () => pause(30).then(() => void order.push('http')))
  part('work', 'relay')
  part('consume', 'kafka')
  life.started()
  await life.stop(0, 1000)
  t.deepEqual(order, ['http', 'kafka', 'relay', 'pool', 'spans'])
  t.is(life.state, 'stopped')
})

test('readiness goes off first, then the drain is waited for, then the signal aborts', async (t) => {
  const { life, order, part } = recorded()
  part('accept', 'http')
  life.started()
  const startedAt = performance.now()
  const stopping = life.stop(100, 1000)
  t.is(life.state, 'stopping')
  t.deepEqual(order, [])
  t.false(life.signal.aborted)
  await stopping
  t.true(performance.now() - startedAt >= 95)
  t.true(life.signal.aborted)
})

test('a part that fails to stop does not keep the others from stopping', async (t) => {
  const { life, order, part } = recorded()
  life.onStop('accept', 'broken', () => Promise.reject(new Error('no')))
  life.onStop('accept', 'throws', () => {
    throw new Error('no')
  })
  part('stores', 'pool')
  await life.stop(0, 1000)
  t.deepEqual(order, ['pool'])
})

test('a part that hangs is left behind at the deadline', async (t) => {
  const { life } = recorded()
  life.onStop('consume', 'hangs', never)
  const startedAt = performance.now()
  await t.throwsAsync(life.stop(0, 100), { message: /not done within 100 ms/ })
  t.true(performance.now() - startedAt < 500)
})

test('two stops are one', async (t) => {
  const { life, order, part } = recorded()
  part('accept', 'http')
  await Promise.all([life.stop(0, 1000), life.stop(0, 1000)])
  t.deepEqual(order, ['http'])
})

test('checks run side by side, each has a second, and reasons are told', async (t) => {
  const { life } = recorded()
  life.check('good', () => undefined)
  life.check('bad', () => Promise.reject(new Error('connection refused')))
  life.check('throws', () => {
    throw new Error('not configured')
  })
  life.check('hangs', never)
  life.check('hangs too', never)
  const startedAt = performance.now()
  t.deepEqual(await life.checks(), {
    good: 'ok',
    bad: 'connection refused',
    throws: 'not configured',
    hangs: 'no answer within 1000 ms',
    'hangs too': 'no answer within 1000 ms',
  })
  t.true(performance.now() - startedAt < 1500)
})

test('a service that is stopping does not become ready, and a failure is told to who waits', async (t) => {
  const { life } = recorded()
  await life.stop(0, 1000)
  life.started()
  t.is(life.state, 'stopped')
  life.fail(new Error('background part died'))
  t.is((await life.failed).message, 'background part died')
})

test.serial('within hands on values and errors and leaves no timer', async (t) => {
  const timers = (): number =>
    process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
  const before = timers()
  t.is(await within(Promise.resolve(1), 60_000), 1)
  await t.throwsAsync(within(Promise.reject(new Error('own')), 60_000), { message: 'own' })
  t.is(timers(), before)
})
