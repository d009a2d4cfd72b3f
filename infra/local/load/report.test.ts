import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { comparison, reportOf, type Summary } from './report.ts'
import { runsIn } from './runs.ts'

const run = { load: 'authorize-only', shape: '--short', date: '2026-01-02T03:04:05.000Z' }

const summary = (
  rest: Summary['metrics'] = {},
  holds: Readonly<Record<string, boolean>> = {},
): Summary => ({
  metrics: {
    iterations: { type: 'counter', values: { count: 200, rate: 20 } },
    vus: { type: 'gauge', values: { value: 3, min: 1, max: 5 } },
    payment_errors: {
      type: 'rate',
      values: { rate: 0, passes: 0, fails: 200 },
      thresholds: { 'rate<0.001': { ok: holds['errors'] ?? true } },
    },
    payment_authorize_duration: {
      type: 'trend',
      values: { avg: 10, 'p(90)': 15, 'p(95)': 20, 'p(99)': 30, max: 40 },
      thresholds: { 'p(95)<35': { ok: holds['p95'] ?? true }, 'p(99)<265': { ok: true } },
    },
    ...rest,
  },
})

test('a run is as it should be when every threshold holds and nothing was dropped', (t) => {
  const report = reportOf(summary(), run)
  t.true(report.ok)
  t.deepEqual(report.problems, [])
  t.like(report.figures, { 'iterations per second': 20, 'payment_authorize_duration p(95)': 20 })
  t.false('vus value' in report.figures)
})

test('a failed threshold is a problem, and so is a dropped iteration, and nothing done at all', (t) => {
  t.deepEqual(reportOf(summary({}, { errors: false, p95: false }), run).problems, [
    'payment_errors was to be rate<0.001',
    'payment_authorize_duration was to be p(95)<35',
  ])
  const count = (count: number) => ({ type: 'counter', values: { count, rate: count / 10 } })
  const late = reportOf(summary({ dropped_iterations: count(3) }), run)
  t.false(late.ok)
  t.regex(late.problems.join(), /^3 iterations were dropped/)
  t.false(reportOf(summary({ iterations: count(0) }), run).ok)
})

test('figures stand beside those of the last run of the same load and shape', async (t) => {
  const state = mkdtempSync(join(tmpdir(), 'maru-load-'))
  t.teardown(() => rmSync(state, { recursive: true }))
  const runs = runsIn(state)
  t.is(runs.last(run), undefined)
  const keep = async (of: typeof run) => {
    const opened = await runs.open(of)
    await opened.keep(reportOf(summary(), of))
  }
  await keep(run)
  await keep({ ...run, date: '2026-01-02T03:05:00.000Z' })
  await keep({ ...run, date: '2026-01-02T03:06:00.000Z', shape: '' })
  await keep({ ...run, date: '2026-01-02T03:07:00.000Z', load: 'full-flow' })
  const last = runs.last(run)
  t.is(last?.date, '2026-01-02T03:05:00.000Z')

  const twice = summary({ iterations: { type: 'counter', values: { count: 400, rate: 40 } } })
  const rows = comparison(reportOf(twice, run), last)
  t.deepEqual(rows[1], ['iterations per second', '40', '20', '2.00 ×'])
  t.deepEqual(comparison(reportOf(twice, run), undefined)[1], [
    ...['iterations per second', '40', '–', ''],
  ])
})
