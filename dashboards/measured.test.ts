import test from 'ava'
import { testRules, type Series } from '../alerts/promtool.ts'
import type { Measurement } from '../services/model/measure.ts'
import { service } from '../services/model/service.ts'
import { measured } from './measured.ts'

const shop = service({
  name: 'shop',
  product: 'platform',
  summary: 'Sells.',
  port: 23_000,
  slo: { availability: 99, latency: { p95Ms: 100 } },
})

const series = (name: string, labels: string, values: string): Series => ({
  series: `${name}{service="shop"${labels}}`,
  values,
})
/** A minute: 6 orders are open, 3 were sent, 1 was lost; 4 requests took 2 s together. */
const input = [
  series('orders_total', ',state="open"', '0+6x30'),
  series('orders_total', ',state="sent"', '0+3x30'),
  series('orders_total', ',state="lost"', '0+1x30'),
  series('wait_seconds_sum', '', '0+2x30'),
  series('wait_seconds_count', '', '0+4x30'),
]

const orders = { metric: { name: 'orders_total' } }
const lost = { state: ['lost'] }
const numbers: readonly (readonly [Measurement, number])[] = [
  [{ measure: 'rate', ...orders, where: { state: ['returned'] } }, 0],
  [{ measure: 'share', ...orders, where: lost }, 0.1],
  [{ measure: 'share', ...orders, where: lost, of: { state: ['sent', 'lost'] } }, 0.25],
  [{ measure: 'rest', ...orders, where: lost, of: { state: ['sent', 'lost'] } }, 0.75],
  [{ measure: 'rest', metric: { name: 'nothing_total' }, where: lost }, 1],
  [{ measure: 'mean', metric: { name: 'wait_seconds' } }, 0.5],
]

test('what never was, parts, their rest and averages are the numbers that they are called', async (t) => {
  const labels = { severity: 'info' }
  const rules = numbers.map(([what, value], at) => ({
    ...{ alert: `Number${at}`, for: '0s', labels, annotations: {} },
    expr: `round(${measured(shop, what, '5m')}, 0.0001) == ${value}`,
  }))
  const expect = rules.map(({ alert }) => ({
    ...{ at: '20m', alert },
    firing: [{ labels, annotations: {} }],
  }))
  await testRules([{ name: 'numbers', rules }], [{ name: 'shop', interval: '1m', input, expect }])
  t.pass()
})
