import test from 'ava'
import { businessDateAt, daysOver, endOf } from './business-day.ts'

test('a day is one in Seoul, and ends at its midnight', (t) => {
  t.is(businessDateAt(new Date('2026-11-27T14:59:59.999Z')), '2026-11-27')
  t.is(businessDateAt(new Date('2026-11-27T15:00:00Z')), '2026-11-28')
  t.is(endOf('2026-12-31').toISOString(), '2026-12-31T15:00:00.000Z')
})

test('days that are over end with the one that ended last', (t) => {
  const now = new Date('2026-03-01T15:00:00Z')
  t.deepEqual(daysOver('2026-02-27', now), ['2026-02-27', '2026-02-28', '2026-03-01'])
  t.deepEqual(daysOver('2026-03-02', now), [])
  t.deepEqual(daysOver('2026-03-01', new Date(now.getTime() - 1)), [])
})
