import test from 'ava'
import type { Op } from './history.ts'
import { aside, disturbed, kept, spared } from './judge.ts'
import { pageOf, summaryOf, totalOf } from './results.ts'
import { randomFrom } from '../../services/kit/testing/random.ts'
import { suites } from './suites.ts'
import type { Trial } from './trial.ts'

const op = (kind: string, id: string, outcome: Op['outcome'], status = 200): Op => ({
  kind,
  id,
  at: 0,
  ms: 0,
  status,
  outcome,
})

test('what was acknowledged must be there, what was refused must not, of the rest nobody knows', (t) => {
  const ops = [
    op('event', 'a', 'ok'),
    op('event', 'b', 'unknown', 0),
    op('event', 'c', 'refused', 400),
  ]
  t.deepEqual(kept('event', ops, new Set(['a'])), [])
  t.deepEqual(kept('event', ops, new Set(['a', 'b'])), [])
  t.deepEqual(kept('event', ops, new Set(['b'])), [
    'event a was acknowledged and is not in its store',
  ])
  t.deepEqual(kept('event', ops, new Set(['a', 'c'])), ['event c was refused and is in its store'])
  // Sent twice: once refused, once acknowledged.
  const twice = [op('event', 'd', 'refused', 429), op('event', 'd', 'ok')]
  t.deepEqual(kept('event', twice, new Set(['d'])), [])
})

test('who should not notice may fail once in a hundred, and no more', (t) => {
  const many = Array.from({ length: 300 }, (_, n) =>
    op('rank', '', n < 3 ? 'unknown' : 'ok', n < 3 ? 503 : 200),
  )
  t.deepEqual(disturbed(many, ['rank'], 0.01), [])
  t.deepEqual(disturbed([...many, op('rank', '', 'unknown', 504)], ['rank'], 0.01), [
    '4 of 301 of kind rank failed (503, 504), which the fault should spare',
  ])
  t.deepEqual(disturbed([...many, op('rank', '', 'unknown', 504)], ['event'], 0.01), [])
  t.is(disturbed([op('rank', '', 'ok'), op('rank', '', 'unknown', 503)], ['rank'], 0).length, 1)
})

test('who has a twin may end unnoticed; a server, which is one alone, may not', (t) => {
  const running = new Set(['rank-1', 'rank-2', 'catalog-1', 'kafka'])
  const spares = (...ends: readonly string[]) =>
    spared(['event', 'rank'], { ends, notice: ['rank'] }, running)
  t.deepEqual(spares('rank-1'), ['event', 'rank'])
  t.deepEqual(spares('catalog-1'), ['event'])
  t.deepEqual(spares('kafka'), ['event'])
  t.deepEqual(spares(), ['event'])
})

test('whoever is killed takes along what was under way then, and nothing else', (t) => {
  const at = (begun: number, ms: number) => ({ ...op('event', '', 'unknown', 0), at: begun, ms })
  const [before, during, after] = [at(900, 50), at(990, 30), at(1006, 1)]
  t.deepEqual(aside([before, during, after], { from: 1000, to: 1005 }), [before, after])
})

test('a bound is said only where nothing failed', (t) => {
  const fault = suites[0]?.faults[0]
  if (!fault) return t.fail()
  const trial = (broken: readonly string[]): Trial => ({
    ...{ fault: fault.name, seed: 1, heldMs: 0, ops: 2, acknowledged: 2, wellMs: 1000 },
    broken,
  })
  const good = summaryOf(
    fault,
    Array.from({ length: 30 }, () => trial([])),
  )
  t.like(good, { trials: 30, failed: 0, bound: 0.1, acknowledged: 60 })
  const bad = summaryOf(fault, [trial([]), trial(['lost'])])
  t.like(bad, { trials: 2, failed: 1, bound: null })
  t.regex(pageOf([bad]), /\| 2 \| 1 \| – \|/)
  t.like(totalOf([trial([]), { ...trial([]), fault: 'other' }]), { trials: 2, failed: 0 })
})

test('a seed gives the same numbers again', (t) => {
  const [one, other] = [randomFrom(7), randomFrom(7)]
  for (let n = 0; n < 10; n += 1) t.is(one(), other())
  t.not(randomFrom(7)(), randomFrom(8)())
})
