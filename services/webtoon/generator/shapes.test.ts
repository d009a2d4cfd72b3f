import test from 'ava'
import { chanceOf } from './chance.ts'
import { pacer } from './pacer.ts'
import { contentIdOf, readers } from './readers.ts'
import { burst, due, spike, spikeAt, zipfExponent, type Scenario } from './scenarios.ts'
import { speedometer } from './speed.ts'
import { parametersOf, sameRun, tooFast, type Wishes } from './wishes.ts'

const run = (wishes: Wishes = {}) =>
  parametersOf(wishes, { eps: 100, contentPool: 500, userPool: 1000 })

/** Titles of the first `count` events of a run at a fixed moment. */
function titles(wishes: Wishes, count: number, elapsedMs = 0): Map<string, number> {
  const eventOf = readers(run(wishes), () => 0)
  const counts = new Map<string, number>()
  for (let n = 0; n < count; n += 1) {
    const { contentId } = eventOf(n, elapsedMs)
    counts.set(contentId, (counts.get(contentId) ?? 0) + 1)
  }
  return counts
}

const share = (counts: Map<string, number>, id: string, of: number) => (counts.get(id) ?? 0) / of

for (const eps of [1, 3, 300, 600, 1001, 2000, 9999, 10_000]) {
  test(`${eps} events/s are exactly that, however uneven the ticks are`, (t) => {
    const pace = pacer(run({ eps, duration: 10 }))
    let [elapsedMs, taken, ticks] = [0, 0, 0]
    while (!pace.finished(elapsedMs)) {
      elapsedMs += 7 + chanceOf(1, ticks++, 'action') * 23
      const { first, count, skipped } = pace.take(elapsedMs, 1000)
      t.is(first, taken)
      t.is(skipped, 0)
      taken += count
      if (elapsedMs < 10_000) t.true(Math.abs(taken - (eps * elapsedMs) / 1000) <= 1)
    }
    t.is(taken, eps * 10)
  })
}

test('a pause of less than a second is made up for in portions, a longer one is left out and counted', (t) => {
  const pace = pacer(run({ eps: 2000 }))
  t.deepEqual(pace.take(900, 1000), { first: 0, count: 1000, skipped: 0 })
  t.deepEqual(pace.take(900, 1000), { first: 1000, count: 800, skipped: 0 })
  t.deepEqual(pace.take(5000, 1000), { first: 8000, count: 1000, skipped: 6200 })
  t.deepEqual(pace.take(5000, 9000), { first: 9000, count: 1000, skipped: 0 })
})

test('a run without duration never ends, and one with it makes nothing afterwards', (t) => {
  t.false(pacer(run()).finished(1e12))
  const pace = pacer(run({ eps: 10, duration: 1 }))
  t.false(pace.finished(2000))
  t.is(pace.take(1500, 100).count, 5)
  t.true(pace.finished(2000))
  t.is(pace.take(9000, 100).count, 0)
})

test('BURST multiplies the rate for 5 s in every 20, and only there', (t) => {
  const rate = (fromMs: number, toMs: number): number =>
    (due('BURST', 1000, toMs) - due('BURST', 1000, fromMs)) / ((toMs - fromMs) / 1000)
  const end = burst.fromMs + burst.lastsMs
  for (const period of [0, 1, 7]) {
    const at = period * burst.everyMs
    t.is(rate(at, at + burst.fromMs), 1000)
    t.is(rate(at + burst.fromMs, at + end), 1000 * burst.times)
    t.is(rate(at + end, at + burst.everyMs), 1000)
  }
})

test('the other scenarios keep an even rate', (t) => {
  for (const scenario of ['NORMAL', 'POPULAR_BIAS', 'RANDOM_SPIKE'] as const)
    for (const ms of [1, 999, 1000, 61_234])
      t.is(due(scenario, 700, ms), Math.floor(0.7 * ms + 1e-9))
})

test('NORMAL gives every title the same chance, views nine in ten', (t) => {
  const counts = titles({ contentPool: 10 }, 100_000)
  t.is(counts.size, 10)
  for (const [id] of counts) t.true(Math.abs(share(counts, id, 100_000) - 0.1) < 0.005, id)
  const eventOf = readers(run(), () => 0)
  const events = Array.from({ length: 100_000 }, (_, n) => eventOf(n, 0))
  const views = events.filter(({ props }) => props.action === 'view').length
  t.true(Math.abs(views / 100_000 - 0.9) < 0.005)
  t.true(events.every(({ userId }) => /^u-([1-9]\d{0,2}|1000)$/.test(userId ?? '')))
})

test('POPULAR_BIAS follows Zipf’s law, led by w-001', (t) => {
  const pool = 73
  const counts = titles({ scenario: 'POPULAR_BIAS', contentPool: pool }, 200_000)
  const weights = Array.from({ length: pool }, (_, n) => (n + 1) ** -zipfExponent)
  const sum = weights.reduce((total, weight) => total + weight)
  for (const [at, weight] of weights.entries()) {
    const expected = (weight / sum) * 200_000
    const actual = counts.get(contentIdOf(at + 1)) ?? 0
    // Four standard deviations of a Poisson number.
    t.true(Math.abs(actual - expected) < 4 * Math.sqrt(expected), `title ${at + 1}: ${actual}`)
  }
})

test('RANDOM_SPIKE lifts one title at a time, for 4 s in every 10, and another in the next', (t) => {
  const moments = Array.from({ length: 60_000 }, (_, ms) => spikeAt(ms, 500, 7))
  const spiking = moments.filter((title) => title !== undefined)
  t.true(Math.abs(spiking.length - 6 * spike.lastsMs) <= 6)
  t.true(new Set(spiking).size > 3)
  const at = moments.findIndex((title) => title !== undefined)
  const id = contentIdOf(moments[at] ?? 0)
  const wishes = { scenario: 'RANDOM_SPIKE', seed: 7 } as const
  t.true(Math.abs(share(titles(wishes, 50_000, at), id, 50_000) - spike.share) < 0.01)
  t.true(share(titles(wishes, 50_000, at - 1), id, 50_000) < 0.01)
})

test('the same seed makes the same choices and another one others', (t) => {
  const choices = (seed: number, scenario: Scenario) => [...titles({ seed, scenario }, 500)]
  for (const scenario of ['NORMAL', 'POPULAR_BIAS', 'RANDOM_SPIKE'] as const) {
    t.deepEqual(choices(5, scenario), choices(5, scenario))
    t.notDeepEqual(choices(5, scenario), choices(6, scenario))
  }
})

test('ids have three digits at least and lie within their pools', (t) => {
  t.is(contentIdOf(7), 'w-007')
  t.is(contentIdOf(1234), 'w-1234')
  const ids = titles({ contentPool: 3 }, 1000)
  t.deepEqual([...ids.keys()].sort(), ['w-001', 'w-002', 'w-003'])
})

test('what is not said comes from the settings, and runs are compared by all they are', (t) => {
  t.like(run(), { eps: 100, scenario: 'NORMAL', target: 'gateway', duration: null })
  t.true(sameRun(run({ eps: 100 }), run()))
  t.false(sameRun(run({ seed: 2 }), run()))
  t.false(tooFast(run({ eps: 10_000 })))
  t.true(tooFast(run({ eps: 2501, scenario: 'BURST' })))
})

test('the speed is that of the last seconds', (t) => {
  const speed = speedometer(0)
  t.is(speed.read(0, 0), 0)
  for (let second = 1; second <= 10; second += 1) speed.note(second * 1000, second * 50)
  t.is(speed.read(10_000, 500), 50)
  for (let second = 11; second <= 20; second += 1) speed.note(second * 1000, 500)
  t.is(speed.read(20_000, 500), 0)
})
