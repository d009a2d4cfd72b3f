import test from 'ava'
import { topology } from '../services/topology.ts'
import type { Rule } from './rule.ts'
import { ruleFilesOf } from './rules.ts'
import { inTimeScale, scaledDuration, secondsOf, slownessOf } from './time-scale.ts'

const rule = (expr: string, lasting: string) => ({
  alert: 'A',
  expr,
  for: lasting,
  labels: {},
  annotations: {},
})

test('windows and waits shrink together; limits stay', (t) => {
  const [file] = inTimeScale(
    [
      {
        name: 'x',
        rules: [
          rule('sum(rate(a_total[5m])) > 10 and sum(rate(a_total[1h])) > 10', '2m'),
          rule('time() - max(read_at_seconds{service="x"}) > 60', '1m'),
          rule('max(outbox_oldest_age_seconds{service="x"}) > 60', '1m'),
        ],
      },
    ],
    0.1,
  )
  t.deepEqual(
    file?.rules.map((one) => [one.expr, one.for]),
    [
      ['sum(rate(a_total[30s])) > 10 and sum(rate(a_total[360s])) > 10', '12s'],
      ['time() - max(read_at_seconds{service="x"}) > 60', '6s'],
      ['max(outbox_oldest_age_seconds{service="x"}) > 60', '6s'],
    ],
  )
})

test('at scale 1 every rule of the platform is as it is committed', (t) => {
  const files = ruleFilesOf(topology)
  t.deepEqual(inTimeScale(files, 1), files)
})

test('at a tenth no rule of the platform keeps a window or a wait as it was', (t) => {
  const files = ruleFilesOf(topology)
  const quick = inTimeScale(files, 0.1)
  const windows = ({ expr }: Rule): string[] => expr.match(/\[\w+\]/g) ?? []
  for (const [at, { rules }] of files.entries())
    for (const [n, one] of rules.entries()) {
      const scaled = quick[at]?.rules[n]
      if (!scaled) return t.fail(one.alert)
      t.is(secondsOf(scaled.for) * 10, secondsOf(one.for), one.alert)
      t.is(windows(scaled).length, windows(one).length)
      t.true(
        windows(scaled).every((window) => !windows(one).includes(window)),
        one.alert,
      )
    }
})

test('a rule is as slow as its longest window, its wait and its age together', (t) => {
  t.is(slownessOf(rule('rate(a[5m]) > 1 and rate(a[1h]) > 1', '2m')), 3600 + 120)
  t.is(slownessOf(rule('time() - max(b) > 60', '1m')), 120)
})

test('a duration has one number and one unit', (t) => {
  t.is(secondsOf('3d'), 259_200)
  t.is(scaledDuration('5s', 0.1), '1s')
  t.throws(() => secondsOf('1h30m'), { message: /"1h30m" is no duration of one unit/ })
})
