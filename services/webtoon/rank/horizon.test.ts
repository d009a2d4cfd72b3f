import test from 'ava'
import { createHorizon } from './horizon.ts'

const ends = (...offsets: number[]) =>
  new Map(offsets.map((offset, partition) => [partition, BigInt(offset)]))
const fences = (...offsets: number[]) => offsets.map(BigInt)

test('the horizon is the latest moment whose records are all counted', (t) => {
  const horizon = createHorizon()
  t.is(horizon.countedUpTo(fences(9, 9)), undefined)
  horizon.sampled(1000, ends(3, 0))
  horizon.sampled(2000, ends(5, 2))
  t.is(horizon.countedUpTo(fences(3, 0)), 1000)
  t.is(horizon.countedUpTo(fences(9, 1)), 1000)
  t.is(horizon.countedUpTo(fences(5, 2)), 2000)
})

test('it goes back with fences that went back, and nobody can say without one', (t) => {
  const horizon = createHorizon()
  horizon.sampled(1000, ends(3))
  horizon.sampled(2000, ends(5))
  t.is(horizon.countedUpTo(fences(5)), 2000)
  t.is(horizon.countedUpTo(fences(4)), 1000)
  t.is(horizon.countedUpTo([undefined]), undefined)
})

test('old samples are forgotten', (t) => {
  const horizon = createHorizon()
  for (let at = 1; at <= 300; at += 1) horizon.sampled(at, ends(at))
  t.is(horizon.countedUpTo(fences(60)), undefined)
  t.is(horizon.countedUpTo(fences(61)), 61)
})
