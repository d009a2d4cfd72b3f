import test from 'ava'
import { spreadOf } from './statistics.ts'

test('the median is the middle value, or between the two middle ones', (t) => {
  t.deepEqual(spreadOf([10, 9, 2]), { median: 9, min: 2, max: 10 })
  t.deepEqual(spreadOf([4, 1, 3, 100]), { median: 3.5, min: 1, max: 100 })
  t.deepEqual(spreadOf([5]), { median: 5, min: 5, max: 5 })
})

test('nothing has no median', (t) => {
  t.throws(() => spreadOf([]), { instanceOf: RangeError })
})
