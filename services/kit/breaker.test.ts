import test from 'ava'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { request } from 'undici'
import type { BreakerPolicy } from '../model/breaker.ts'
import { service } from '../model/service.ts'
import type { Controls } from './breaker-machine.ts'
import { breaker, BreakerOpenError, BreakerTimeoutError, type Permit } from './breaker.ts'
import { contextOf } from './testing/context.ts'

const declared = service({
  name: 'asker',
  product: 'platform',
  summary: 'Asks.',
  port: 23000,
  slo: { availability: 99, latency: { p95Ms: 100 } },
})

const policy: BreakerPolicy = {
  window: 100,
  minimumCalls: 5,
  failureRate: 0.5,
  slowRate: 0.5,
  slowMs: 5000,
  openMs: 30_000,
  halfOpenTrials: 3,
}

function made(changes: Partial<BreakerPolicy> = {}, timeLimitMs?: number) {
  const time = { now: 1_000_000 }
  const context = contextOf(declared, {}, { clock: () => time.now })
  const options = timeLimitMs === undefined ? {} : { timeLimitMs }
  const guard = breaker(context, 'callee', { ...policy, ...changes }, options)
  const controls = context.breakers.get('callee') as Controls
  return { time, context, guard, controls }
}

type Made = ReturnType<typeof made>

const times = (count: number, each: () => void): void => {
  for (let done = 0; done < count; done += 1) each()
}
const fails = ({ guard }: Made, count: number): void =>
  times(count, () => guard.acquire().failure(1))
const succeeds = ({ guard }: Made, count: number, ms = 1): void =>
  times(count, () => guard.acquire().success(ms))

/** Opens the breaker and waits until it may try again. */
const rested = (one: Made): void => {
  fails(one, policy.minimumCalls)
  one.time.now += policy.openMs
}

/** Asks for `count` permits: the ones that were given. */
const permits = ({ guard }: Made, count: number): Permit[] =>
  Array.from({ length: count }, () => {
    try {
      return [guard.acquire()]
    } catch {
      return []
    }
  }).flat()

/** Series of a metric by the value of their last label. */
async function seriesOf({ context }: Made, metric: string): Promise<Record<string, number>> {
  const text = await context.meter.registry.metrics()
  const line = new RegExp(`^circuit_breaker_${metric}\\{.*="(\\w+)"\\} ([\\d.]+)`, 'gm')
  return Object.fromEntries(
    [...text.matchAll(line)].map(([, label = '', value]) => [label, Number(value)]),
  )
}
const stateSeries = (one: Made) => seriesOf(one, 'state')

test('four failures of four leave it closed, because five calls are the minimum', (t) => {
  const one = made()
  fails(one, 4)
  t.is(one.guard.state, 'closed')
})

test('exactly half of the calls failed opens it', (t) => {
  const one = made({ minimumCalls: 6 })
  succeeds(one, 3)
  fails(one, 2)
  t.is(one.guard.state, 'closed')
  fails(one, 1)
  t.is(one.guard.state, 'open')
})

test('just under half of the calls failed leaves it closed', (t) => {
  const one = made()
  succeeds(one, 51)
  fails(one, 49)
  t.is(one.guard.state, 'closed')
})

test('five slow successes open it', (t) => {
  const one = made()
  succeeds(one, 5, policy.slowMs)
  t.is(one.guard.state, 'open')
})

test('only the calls in the window count', (t) => {
  const one = made({ window: 10, minimumCalls: 10 })
  fails(one, 4)
  succeeds(one, 10)
  fails(one, 4)
  t.is(one.guard.state, 'closed')
  fails(one, 1)
  t.is(one.guard.state, 'open')
})

test('while open it refuses at once and says when to come again', (t) => {
  const one = made()
  fails(one, 5)
  one.time.now += 10_000
  const error = t.throws(() => one.guard.acquire(), { instanceOf: BreakerOpenError })
  t.is(error.code, 'BREAKER_OPEN')
  t.is(error.status, 503)
  t.is(error.retryAfterMs, 20_000)
  t.is(error.headers['retry-after'], '20')
})

test('after the wait it is half-open by itself, asked or not', async (t) => {
  const one = made()
  fails(one, 5)
  one.time.now += policy.openMs - 1
  t.is(one.guard.state, 'open')
  one.time.now += 1
  t.like(await stateSeries(one), { open: 0, half_open: 1 })
  t.is(one.guard.state, 'half_open')
})

test('after the wait exactly three of ten parallel calls pass', (t) => {
  const one = made()
  rested(one)
  t.is(permits(one, 10).length, 3)
  t.is(one.guard.state, 'half_open')
})

test('half-open closes when its trials did well and opens when half of them failed', (t) => {
  const well = made()
  rested(well)
  succeeds(well, 2)
  t.is(well.guard.state, 'half_open')
  fails(well, 1)
  t.is(well.guard.state, 'closed')

  const badly = made()
  rested(badly)
  succeeds(badly, 1)
  fails(badly, 2)
  t.is(badly.guard.state, 'open')

  const slowly = made()
  rested(slowly)
  succeeds(slowly, 3, policy.slowMs)
  t.is(slowly.guard.state, 'open')
})

test('a trial that was given back leaves its place to another', (t) => {
  const one = made()
  rested(one)
  const [first] = permits(one, 3)
  t.is(permits(one, 1).length, 0)
  first?.release()
  t.is(permits(one, 2).length, 1)
})

test('trials that never answer do not keep it half-open for ever', (t) => {
  const one = made()
  rested(one)
  t.is(permits(one, 5).length, 3)
  one.time.now += policy.openMs
  t.is(permits(one, 5).length, 3)
})

test('trials that take longer than the wait are heard all the same', (t) => {
  const well = made()
  rested(well)
  const trials = permits(well, 3)
  well.time.now += policy.openMs
  const others = permits(well, 5)
  t.is(others.length, 3)
  trials.forEach((permit) => permit.success(1))
  t.is(well.guard.state, 'closed')
  others.forEach((permit) => permit.failure(1))
  t.is(well.guard.state, 'closed', 'those that were not needed are of an earlier state')

  const badly = made()
  rested(badly)
  const [first, second] = permits(badly, 3)
  badly.time.now += policy.openMs
  const [third, fourth] = permits(badly, 2)
  first?.failure(1)
  third?.success(1)
  second?.release()
  t.is(badly.guard.state, 'half_open')
  t.is(permits(badly, 5).length, 0, 'each has a place again, or gave it back')
  fourth?.failure(1)
  t.is(badly.guard.state, 'open')
})

test('a half-open breaker with half of its answers waits for others, not for ever', (t) => {
  const one = made()
  rested(one)
  const [first] = permits(one, 3)
  first?.success(1)
  for (let round = 0; round < 3; round += 1) {
    one.time.now += policy.openMs
    t.is(permits(one, 5).length, 2, 'the answer that is there counts')
  }
  one.time.now += policy.openMs
  const [next, last] = permits(one, 5)
  next?.success(1)
  last?.success(1)
  t.is(one.guard.state, 'closed')
})

test('half-open that too few ask decides after another wait by those who did', (t) => {
  const unasked = made()
  rested(unasked)
  unasked.time.now += 10 * policy.openMs
  t.is(unasked.guard.state, 'half_open')

  const well = made()
  rested(well)
  succeeds(well, 1)
  well.time.now += policy.openMs
  t.is(well.guard.state, 'closed')

  const badly = made()
  rested(badly)
  fails(badly, 1)
  badly.time.now += policy.openMs
  t.is(badly.guard.state, 'open')

  const underWay = made()
  rested(underWay)
  succeeds(underWay, 1)
  const [trial] = permits(underWay, 1)
  underWay.time.now += policy.openMs
  t.is(underWay.guard.state, 'half_open')
  trial?.success(1)
  t.is(underWay.guard.state, 'closed')
})

test('results of calls from before the opening change nothing in half-open', (t) => {
  const one = made()
  const stale = permits(one, 6)
  rested(one)
  const trials = permits(one, 3)
  stale.slice(0, 3).forEach((permit) => permit.failure(1))
  stale.slice(3).forEach((permit) => permit.success(1))
  t.is(one.guard.state, 'half_open')
  trials.forEach((permit) => permit.success(1))
  t.is(one.guard.state, 'closed')
  const { guard } = one
  t.is(guard.state, 'closed')
})

test('a permit counts once, however often it is told', (t) => {
  const one = made()
  const permit = one.guard.acquire()
  times(10, () => permit.failure(1))
  t.is(one.guard.state, 'closed')
})

test('forced-open holds through ten waits, disabled lets pass and counts, forced-half-open holds', async (t) => {
  const one = made()
  one.guard.choose('forced_open')
  one.time.now += 10 * policy.openMs
  t.is(permits(one, 5).length, 0)
  t.is(one.guard.state, 'forced_open')

  one.guard.choose('disabled')
  fails(one, 50)
  t.is(one.guard.state, 'disabled')
  const counted = await one.context.meter.registry.metrics()
  t.regex(counted, /circuit_breaker_calls_total\{[^}]*outcome="failure"[^}]*\} 50\n/)
  t.regex(counted, /circuit_breaker_failure_rate\{[^}]*\} 1\n/)

  one.guard.choose('forced_half_open')
  const [first, ...others] = permits(one, 10)
  t.is(others.length, 2)
  times(20, () => first?.failure(1))
  fails(one, 20)
  t.is(one.guard.state, 'forced_half_open')

  one.guard.choose('closed')
  succeeds(one, 1)
  t.is(one.guard.state, 'closed')
})

test('the metric is 1 for one of the six states only', async (t) => {
  const one = made()
  const all = {
    closed: 0,
    open: 0,
    half_open: 0,
    disabled: 0,
    forced_open: 0,
    forced_half_open: 0,
  }
  t.deepEqual(await stateSeries(one), { ...all, closed: 1 })
  fails(one, 5)
  t.deepEqual(await stateSeries(one), { ...all, open: 1 })
  one.time.now += policy.openMs
  t.deepEqual(await stateSeries(one), { ...all, half_open: 1 })
  one.guard.choose('forced_open')
  t.deepEqual(await stateSeries(one), { ...all, forced_open: 1 })
})

test('calls are counted by outcome, those of the window by kind, and refused ones for themselves', async (t) => {
  const one = made({ minimumCalls: 8 })
  succeeds(one, 3)
  succeeds(one, 1, policy.slowMs)
  fails(one, 2)
  one.guard.acquire().failure(policy.slowMs)
  t.like(one.controls, { failureRate: undefined, slowRate: undefined })
  fails(one, 1)
  t.like(one.controls, { state: 'open', counts: { calls: 0 } })
  permits(one, 4)
  t.is(one.controls.notPermitted, 4)
  t.deepEqual(await seriesOf(one, 'calls_total'), { success: 3, slow: 1, failure: 4 })
  t.deepEqual(await seriesOf(one, 'not_permitted_calls_total'), { callee: 4 })
})

test('people see what is in the window', async (t) => {
  const one = made({ failureRate: 1, slowRate: 1 })
  succeeds(one, 4)
  t.like(await seriesOf(one, 'failure_rate'), { callee: 0 })
  succeeds(one, 2, policy.slowMs)
  one.guard.acquire().failure(policy.slowMs)
  fails(one, 1)
  t.like(one.controls, { failureRate: 0.25, slowRate: 0.375 })
  t.like(one.controls.counts, { calls: 8, failed: 2, slow: 3, slowFailed: 1 })
  t.deepEqual(await seriesOf(one, 'buffered_calls'), { successful: 6, failed: 2 })
  t.deepEqual(await seriesOf(one, 'slow_calls'), { successful: 2, failed: 1 })
  t.deepEqual(await seriesOf(one, 'failure_rate'), { callee: 0.25 })
  t.deepEqual(await seriesOf(one, 'slow_call_rate'), { callee: 0.375 })
})

test('at the time limit the connection of the work is cut and the call counts as failed', async (t) => {
  const cut = Promise.withResolvers<void>()
  const server = createServer((incoming) => incoming.once('close', () => cut.resolve()))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const one = made({ minimumCalls: 1 }, 50)
  const error = await t.throwsAsync(one.guard.run((signal) => request(url, { signal })))
  t.true(error instanceof BreakerTimeoutError)
  await cut.promise
  t.is(one.guard.state, 'open')
  await t.throwsAsync(
    one.guard.run(async () => 'never'),
    { instanceOf: BreakerOpenError },
  )
})

test('what the work throws is thrown on and counts as failed; an abort by the caller counts neither way', async (t) => {
  const one = made({ minimumCalls: 2 })
  const caller = new AbortController()
  const waiting = one.guard.run((signal) => pause(60_000, undefined, { signal }), caller.signal)
  caller.abort()
  await t.throwsAsync(waiting, { name: 'AbortError' })
  const broken = one.guard.run(() => Promise.reject(new Error('broken')))
  await t.throwsAsync(broken, { message: 'broken' })
  t.is(one.guard.state, 'closed')
  t.is(await one.guard.run(async () => 7), 7)
  t.is(one.guard.state, 'open')
})

test.serial('ten thousand runs leave no timers and no latencies behind', async (t) => {
  const one = made({ failureRate: 1.1, slowRate: 1.1 }, 60_000)
  const timers = (): number =>
    process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
  const before = timers()
  for (let run = 0; run < 10_000; run += 1) await one.guard.run(async () => run)
  t.is(timers(), before)
})

test.serial('a permit costs less than two microseconds', (t) => {
  const { guard } = made()
  const rounds = 200_000
  times(20_000, () => guard.acquire().success(1))
  const startedAt = performance.now()
  times(rounds, () => guard.acquire().success(1))
  const microseconds = ((performance.now() - startedAt) * 1000) / rounds
  t.log(`${microseconds.toFixed(3)} µs per call`)
  t.true(microseconds < 2)
})
