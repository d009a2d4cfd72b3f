import test from 'ava'
import { percentilesOf, spreadOf } from './statistics.ts'

test('the median is the middle value, or between the two middle ones', (t) => {
  t.deepEqual(spreadOf([10, 9, 2]), { median: 9, min: 2, max: 10 })
  t.deepEqual(spreadOf([4, 1, 3, 100]), { median: 3.5, min: 1, max: 100 })
  t.deepEqual(spreadOf([5]), { median: 5, min: 5, max: 5 })
})

test('a percentile is the smallest value that so many are not above', (t) => {
  const hundred = Array.from({ length: 100 }, (_, n) => 100 - n)
  t.deepEqual(percentilesOf(hundred), { p50: 50, p95: 95, p99: 99, max: 100 })
  t.deepEqual(percentilesOf([7]), { p50: 7, p95: 7, p99: 7, max: 7 })
})

test('nothing has neither median nor percentiles', (t) => {
  t.throws(() => spreadOf([]), { instanceOf: RangeError })
  t.throws(() => percentilesOf([]), { instanceOf: RangeError })
})
