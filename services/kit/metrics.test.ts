import test from 'ava'
import { counter, gauge, histogram } from '../model/metric.ts'
import { createMeter } from './metrics.ts'
import { inSpan, SpanKind } from './spans.ts'
import { bareTracing } from './testing/tracing.ts'

const sales = counter<'kind' | 'how'>('sales_total', {
  help: 'Sales',
  labels: { kind: ['book', 'map'], how: ['cash', 'card'] },
})
const plain = counter('visits_total', { help: 'Visits' })
const stock = gauge<'kind'>('stock', { help: 'Stock', labels: { kind: [] } })
const waiting = histogram('waiting_seconds', { help: 'Waiting', buckets: [0.1, 1] })

const meterOf = () => createMeter([sales, plain, waiting], false)

test('every declared label set is there at 0 before anything happened', async (t) => {
  const text = await meterOf().registry.metrics()
  for (const kind of ['book', 'map'])
    for (const how of ['cash', 'card'])
      t.regex(
        text,
        new RegExp(`sales_total\\{(?=[^}]*kind="${kind}")(?=[^}]*how="${how}")[^}]*\\} 0`),
      )
  t.regex(text, /^visits_total 0$/m)
  t.regex(text, /waiting_seconds_bucket\{(?=[^}]*le="0.1")[^}]*\} 0/)
})

test('what is added, set and observed is there, and a reset gauge is gone', async (t) => {
  const meter = meterOf()
  meter.add(sales, { kind: 'book', how: 'card' }, 3)
  meter.add(plain, undefined)
  meter.set(stock, { kind: 'book' }, 5)
  meter.observe(waiting, undefined, 0.5)
  const text = await meter.registry.metrics()
  t.regex(text, /sales_total\{(?=[^}]*kind="book")(?=[^}]*how="card")[^}]*\} 3/)
  t.regex(text, /^visits_total 1$/m)
  t.regex(text, /stock\{[^}]*kind="book"[^}]*\} 5/)
  t.regex(text, /waiting_seconds_bucket\{(?=[^}]*le="1")[^}]*\} 1/)
  meter.reset(stock)
  t.notRegex(await meter.registry.metrics(), /stock\{/)
})

test('sampled series are read at each scrape; counters move by the difference', async (t) => {
  const meter = meterOf()
  let sold = 2
  meter.sampled(sales, { kind: 'map', how: 'cash' }, () => sold)
  meter.sampled(stock, { kind: 'map' }, () => 10 - sold)
  const read = async () => {
    const text = await meter.registry.metrics()
    return [/kind="map",how="cash"[^}]*\} (\d+)/, /stock\{[^}]*kind="map"[^}]*\} (\d+)/].map(
      (one) => Number(one.exec(text)?.[1]),
    )
  }
  t.deepEqual(await read(), [2, 8])
  sold = 7
  t.deepEqual(await read(), [7, 3])
  t.deepEqual(await read(), [7, 3])
})

test('an observation in a sampled span leaves its trace as exemplar', async (t) => {
  const meter = meterOf()
  const tracer = bareTracing().tracer('shop')
  const traceId = await inSpan(
    tracer,
    'buy',
    { kind: SpanKind.SERVER, parent: 'root' },
    async (span) => {
      meter.observe(waiting, undefined, 0.05)
      return span.spanContext().traceId
    },
  )
  t.regex(
    await meter.registry.metrics(),
    new RegExp(`le="0.1"[^\\n]*# \\{trace_id="${traceId}"\\} 0.05`),
  )
})

test('two meters in one process know nothing of each other', async (t) => {
  const [one, other] = [meterOf(), meterOf()]
  one.add(plain, undefined)
  t.regex(await other.registry.metrics(), /^visits_total 0$/m)
})
