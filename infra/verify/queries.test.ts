import test from 'ava'
import { alternativesIn, metricNames } from './queries.ts'

test('metrics of an expression, and which of them can stand for each other', (t) => {
  t.deepEqual(metricNames('0 * sum(a{b="c"}) + max by (d) (e)'), ['a', 'e'])
  t.deepEqual(alternativesIn('max(pg_up or cnpg_up) < 1'), [['pg_up', 'cnpg_up']])
  t.deepEqual(alternativesIn('(sum(rate(a[5m])) or vector(0)) / sum(b)'), [['a'], ['b']])
  t.deepEqual(alternativesIn('vector(1)'), [])
})
