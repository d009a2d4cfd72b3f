import { SpanStatusCode, type Link, type Tracer } from '@opentelemetry/api'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import test from 'ava'
import { inSpan, SpanKind, startSpan } from '../../../services/kit/spans.ts'
import { bareTracing } from '../../../services/kit/testing/tracing.ts'
import { zipkinExporter } from '../../../services/kit/zipkin.ts'
import { ownServer, type OwnServer } from '../engines/testing.ts'
import { lastOf } from './choose.ts'
import { settled } from './settled.ts'
import { zipkinStore } from './zipkin.ts'

const place: { server?: OwnServer } = {}
const url = () => `http://127.0.0.1:${place.server?.port}`
const tracing = bareTracing()
const shop = tracing.tracer('shop')
const till = tracing.tracer('till')

test.before(async () => {
  place.server = await ownServer('zipkin')
})
test.after.always(() => place.server?.stop())

test.serial('a trace comes back from Zipkin as it was made', async (t) => {
  const batch = startSpan(till, 'batch orders.v1', { kind: SpanKind.CONSUMER, parent: 'root' })
  batch.end()
  const id = await order(shop, { status: 503, links: [{ context: batch.spanContext() }] })
  await send(tracing.spans())
  const spans = await settled(zipkinStore(url()), id, { deadlineMs: 5000 })
  const [root, sent] = ['server', 'producer'].map((kind) =>
    spans.find((span) => span.kind === kind),
  )
  t.is(spans.length, 2)
  t.like(root, {
    service: 'shop',
    kind: 'server',
    name: 'POST /Orders',
    parentId: undefined,
    error: '503',
  })
  t.like(sent, { kind: 'producer', parentId: root?.id, error: undefined })
  t.is(sent?.links[0]?.traceId, batch.spanContext().traceId)
  t.is(root?.attributes['http.response.status_code'], '503')
})

test.serial(
  'traces are found by service, error, duration and attribute; all on one span',
  async (t) => {
    const store = zipkinStore(url())
    const healthy = await order(shop, { status: 200 })
    await send(tracing.spans().filter((span) => span.spanContext().traceId === healthy))
    const wanted = { tags: [], limit: 10, withinMs: 60_000 }
    const ids = async (more: object) =>
      (await store.find({ ...wanted, ...more })).map((spans) => spans[0]?.traceId)
    t.true((await ids({ service: 'shop' })).includes(healthy))
    t.false((await ids({ service: 'shop', error: true })).includes(healthy))
    t.deepEqual(await ids({ tags: [['http.response.status_code', '200']] }), [healthy])
    t.deepEqual(await ids({ service: 'shop', minMs: 60_000 }), [])
    t.deepEqual(await ids({ service: 'nobody' }), [])
    t.is((await lastOf(store, 'shop'))?.[0]?.traceId, healthy)
    t.is(await lastOf(store, 'till'), undefined)
  },
)

test.serial('spans that come late are waited for', async (t) => {
  const id = await order(shop, { status: 200 })
  const [first, second] = tracing.spans().filter((span) => span.spanContext().traceId === id)
  await send(first ? [first] : [])
  const store = zipkinStore(url())
  const whole = settled(store, id, { deadlineMs: 5000, until: (spans) => spans.length === 2 })
  await settled(store, id, { deadlineMs: 0 })
  await send(second ? [second] : [])
  t.is((await whole).length, 2)
})

test.serial('an unknown id is empty, and a store that is away says how to mend it', async (t) => {
  t.deepEqual(await zipkinStore(url()).spansOf('f'.repeat(32)), [])
  const away = await t.throwsAsync(zipkinStore('http://127.0.0.1:1').spansOf('f'.repeat(32)))
  t.regex(away?.message ?? '', /zipkin at http:\/\/127\.0\.0\.1:1\) does not answer: .*\.\/maru up/)
})

/** A request that publishes one message. @returns its trace id */
const order = async (
  tracer: Tracer,
  { status, links = [] }: { status: number; links?: readonly Link[] },
): Promise<string> =>
  inSpan(tracer, 'POST /Orders', { kind: SpanKind.SERVER, parent: 'root' }, async (span) => {
    const route = { 'http.request.method': 'POST', 'http.route': '/Orders' }
    span.setAttributes({ ...route, 'http.response.status_code': status })
    if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR, message: String(status) })
    const sent = startSpan(tracer, 'send orders.v1', { kind: SpanKind.PRODUCER, links })
    sent.end()
    return span.spanContext().traceId
  })

const send = (spans: readonly ReadableSpan[]): Promise<void> =>
  new Promise((resolve, reject) => {
    const { export: deliver } = zipkinExporter(`${url()}/api/v2/spans`)
    deliver([...spans], ({ code, error }) =>
      code === 0 ? resolve() : reject(error ?? new Error()),
    )
  })
