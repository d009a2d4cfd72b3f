import test from 'ava'
import {
  countedEnd,
  endsUpTo,
  keptMs,
  punctuality,
  rebuildMs,
  servedEnd,
  slotOf,
} from './windows.ts'

const noon = Date.UTC(2026, 0, 1, 12)

test('an event counts from 5 s before the broker’s time to 60 s after its own, borders included', (t) => {
  t.is(punctuality(noon, noon + 60_000), 'punctual')
  t.is(punctuality(noon, noon + 60_001), 'late')
  t.is(punctuality(noon, noon - 5_000), 'punctual')
  t.is(punctuality(noon, noon - 5_001), 'early')
})

test('a slot begins at its start and ends before the next', (t) => {
  t.is(slotOf(noon), noon)
  t.is(slotOf(noon + 9_999), noon)
  t.is(slotOf(noon + 10_000), noon + 10_000)
})

test('a window is served from 2 s after its end', (t) => {
  t.is(servedEnd(10, noon + 1_999), noon - 10_000)
  t.is(servedEnd(10, noon + 2_000), noon)
  t.is(servedEnd(300, noon + 301_999), noon)
  t.is(servedEnd(300, noon + 302_000), noon + 300_000)
})

test('a window that is not counted to its end is not served', (t) => {
  t.is(countedEnd(10, noon, noon), noon)
  t.is(countedEnd(10, noon, noon + 60_000), noon)
  t.is(countedEnd(10, noon, noon - 1), noon - 10_000)
  t.is(countedEnd(300, noon, noon - 1), noon - 300_000)
})

test('the windows of an aggregate are neighbours, latest first', (t) => {
  t.deepEqual(endsUpTo(noon, 60, 3), [noon, noon - 60_000, noon - 120_000])
})

test('every window of the largest aggregate is kept while it may be served', (t) => {
  for (const seconds of [10, 60, 300]) {
    const now = noon + 1_999
    const oldest = endsUpTo(servedEnd(seconds, now), seconds, 5).at(-1) ?? 0
    t.true(oldest + keptMs(seconds) > now + 60_000)
  }
})

test('a rebuild reaches back to the first event of the oldest kept window and its dedupe memory', (t) => {
  const oldestEvent = keptMs(300) + 300_000 + 5_000
  t.true(rebuildMs >= oldestEvent + 360_000)
})
