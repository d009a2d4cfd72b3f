import test from 'ava'
import type { Goal, Turn } from './benchmark.ts'
import { figureRows, verdictRows } from './report.ts'
import { verdicts } from './verdict.ts'

const load = 'closed'
const turn = (contender: string, round: number, cpuUs: number, rest: Partial<Turn> = {}): Turn => ({
  ...{ contender, round, load, completed: 1000, failed: 0, seconds: 1, cpuUs },
  ...rest,
})

const latency = (p99: number) => ({ p50: 1, p95: 2, p99, max: p99 })

const turns: readonly Turn[] = [
  turn('ours', 1, 30),
  turn('peer', 1, 60),
  // Something disturbed both alike.
  turn('ours', 2, 300),
  turn('peer', 2, 400),
  turn('ours', 3, 40),
  turn('peer', 3, 50),
  turn('ours', 1, 999, { load: 'open' }),
]

const cost: Goal = { ours: 'ours', peer: 'peer', of: 'cost', bound: 0.8 }

test('a ratio is taken within each round, at the load of the goals', (t) => {
  const [verdict] = verdicts([cost], turns, load)
  t.deepEqual(verdict?.found, { median: 0.75, min: 0.5, max: 0.8 })
  t.true(verdict?.holds)
})

test('a cost must be below its bound, a yield above', (t) => {
  const holds = (goal: Goal) => verdicts([goal], turns, load).map((one) => one.holds)
  t.deepEqual(holds({ ...cost, bound: 0.7 }), [false])
  t.deepEqual(holds({ ...cost, of: 'yield', bound: 1.3 }), [true])
  t.deepEqual(holds({ ...cost, of: 'yield', bound: 1.4 }), [false])
})

test('a latency is judged by its 95th percentile', (t) => {
  const latencyMs = { p50: 1, p95: 12, p99: 20, max: 30 }
  const found = verdicts(
    [{ ours: 'reads', of: 'p95', bound: 20 }],
    [turn('reads', 1, 1, { latencyMs })],
    load,
  )
  t.like(found, [{ found: { median: 12 }, holds: true }])
})

test('a latency does not hold where requests were refused', (t) => {
  const latencyMs = { p50: 1, p95: 2, p99: 3, max: 4 }
  const refused = [turn('reads', 1, 1, { latencyMs, failed: 5 })]
  t.like(verdicts([{ ours: 'reads', of: 'p95', bound: 20 }], refused, load), [{ holds: false }])
})

test('a rate is judged by itself or against a peer, and a ratio may have a load of its own', (t) => {
  const rates = [
    turn('ours', 1, 1, { completed: 900 }),
    turn('peer', 1, 1, { completed: 1000, load: 'open', latencyMs: latency(30) }),
    turn('ours', 1, 1, { completed: 1200, load: 'open', latencyMs: latency(12) }),
  ]
  const found = (goal: Goal) => verdicts([goal], rates, load).map((one) => [one.found, one.holds])
  const spread = (min: number, median: number, max: number) => ({ median, min, max })
  const rate: Goal = { ours: 'ours', of: 'rate', bound: 1000, beside: 'others: 216/s' }
  t.deepEqual(found(rate), [[spread(900, 1050, 1200), true]])
  t.deepEqual(found({ ...rate, bound: 1051 }), [[spread(900, 1050, 1200), false]])
  const against: Goal = { ours: 'ours', peer: 'peer', of: 'rate', bound: 1, load: 'open' }
  t.deepEqual(found(against), [[spread(1.2, 1.2, 1.2), true]])
  t.deepEqual(found({ ...against, of: 'p99', bound: 0.33 }), [[spread(0.4, 0.4, 0.4), false]])
  t.deepEqual(verdictRows(verdicts([rate], rates, load))[1]?.slice(0, 3), [
    'ours, operations per second (others: 216/s)',
    '≥ 1000/s',
    '1050.0 (900.0–1200.0)/s',
  ])
})

test('of a peer that was not there nothing is said', (t) => {
  t.deepEqual(verdicts([{ ...cost, peer: 'absent' }], turns, load), [])
})

test('the report has a row for each contender and load, and one for each goal', (t) => {
  const rows = figureRows(turns)
  t.deepEqual(
    rows.map(([name, at]) => `${name} ${at}`),
    [' load', 'ours closed', 'peer closed', 'ours open'],
  )
  t.is(rows[1]?.[3], '40.0 (30.0–300.0)')
  t.deepEqual(verdictRows(verdicts([cost], turns, load))[1], [
    'ours : peer, CPU per operation',
    '≤ 0.8 ×',
    '0.75 (0.50–0.80) ×',
    'holds',
  ])
})
