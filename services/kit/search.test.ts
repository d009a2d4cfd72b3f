import { errors } from '@opensearch-project/opensearch'
import test, { type ExecutionContext } from 'ava'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { ownServer, type OwnServer } from '../../infra/local/engines/testing.ts'
import { service } from '../model/service.ts'
import { store } from '../model/store.ts'
import { Problem } from './problem.ts'
import { search } from './search.ts'
import { inSpan, SpanKind } from './spans.ts'
import { contextOf } from './testing/context.ts'
import { bareTracing } from './testing/tracing.ts'

const index = store('opensearch', 'titles', { summary: 'Titles.' })
const finder = service({
  name: 'finder',
  product: 'platform',
  summary: 'Finds.',
  port: 23011,
  stores: [index],
  slo: { availability: 99, latency: { p95Ms: 100 } },
})
const tracing = bareTracing()
const state: { own?: OwnServer } = {}

test.before(async () => {
  state.own = await ownServer('opensearch')
})
test.after.always(async () => {
  state.own?.kill('SIGCONT')
  await state.own?.stop()
})

async function opened(t: ExecutionContext, port = state.own!.port) {
  const env = {
    OPENSEARCH_TITLES_HOST: '127.0.0.1',
    OPENSEARCH_TITLES_PORT: String(port),
    OPENSEARCH_TITLES_DATABASE: 't1_titles',
  }
  const context = contextOf(finder, env, { tracer: tracing.tracer('finder') })
  const { client, alias } = await search(context, index)
  t.teardown(() => context.life.stop(0, 2000))
  return { context, client, alias }
}

async function refused(
  t: ExecutionContext,
  work: () => Promise<unknown>,
  withinMs: number,
): Promise<void> {
  const startedAt = performance.now()
  const error = await t.throwsAsync(work, { instanceOf: Problem })
  const ms = performance.now() - startedAt
  t.like(error, { status: 503, code: 'SEARCH_UNAVAILABLE', headers: { 'retry-after': '1' } })
  t.true(ms < withinMs, `took ${Math.round(ms)} ms`)
}

test.serial('documents are written and found under the alias of the binding', async (t) => {
  const { client, alias, context } = await opened(t)
  t.is(alias, 't1_titles')
  t.is((await context.life.checks())['opensearch titles'], 'ok')
  // On a busy machine the first write takes longer than a reader may be kept waiting.
  const patient = { requestTimeout: 60_000 }
  const create = { index: `${alias}_v1`, body: { aliases: { [alias]: {} } } }
  await client.indices.create(create, patient)
  await client.index(
    { index: alias, id: 'w-1', body: { title: '여신강림' }, refresh: true },
    patient,
  )
  const found = await client.search({
    index: alias,
    body: { query: { match: { title: '여신강림' } } },
  })
  t.is(found.body.hits.hits[0]?._id, 'w-1')
  t.is((await context.life.checks())['opensearch titles'], 'ok')
})

test.serial('an answer about the request itself stays what it is', async (t) => {
  const { client, alias } = await opened(t)
  const missing = await t.throwsAsync(client.get({ index: alias, id: 'none' }), {
    instanceOf: errors.ResponseError,
  })
  t.is((missing as errors.ResponseError).statusCode, 404)
  const versioned = {
    index: alias,
    id: 'w-2',
    version: 5,
    version_type: 'external',
    body: {},
  } as const
  await client.index(versioned)
  const conflict = await t.throwsAsync(client.index(versioned), {
    instanceOf: errors.ResponseError,
  })
  t.is((conflict as errors.ResponseError).statusCode, 409)
})

test.serial(
  'a request is timed and an edge always, and a span under a sampled parent only',
  async (t) => {
    const { client, alias, context } = await opened(t)
    const spansOf = () => tracing.spans().filter((span) => span.name === 'search titles')
    const before = spansOf().length
    await client.search({ index: alias })
    t.is(spansOf().length, before)
    await inSpan(context.tracer, 'parent', { kind: SpanKind.SERVER, parent: 'root' }, () =>
      client.search({ index: alias }),
    )
    const [span] = spansOf().slice(before)
    t.like(span?.attributes, {
      'db.system.name': 'opensearch',
      'db.namespace': 'titles',
      'db.operation.name': 'search',
    })
    const metrics = await context.meter.registry.metrics()
    t.regex(metrics, /graph_request_total\{[^}]*server="opensearch:titles"[^}]*\} 2/)
    t.regex(metrics, /duration_seconds_count\{system="opensearch",operation="search"\} 2/)
  },
)

test.serial('an overloaded engine is 503 at once and is asked once', async (t) => {
  let asked = 0
  const server = createServer((_, response) => {
    asked += 1
    response
      .writeHead(429, { 'content-type': 'application/json' })
      .end('{"error":{"type":"rejected_execution_exception"}}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const { client, alias } = await opened(t, (server.address() as AddressInfo).port)
  await refused(t, () => client.search({ index: alias }), 500)
  t.is(asked, 1)
})

test.serial('an engine that is not there is 503 at once', async (t) => {
  const { client, alias, context } = await opened(t, 1)
  await refused(t, () => client.search({ index: alias }), 500)
  await refused(t, () => client.search({ index: alias }), 500)
  t.not((await context.life.checks())['opensearch titles'], 'ok')
})

test.serial(
  'a paused engine is 503 in two seconds and unready in one, then serves again',
  async (t) => {
    const { client, alias, context } = await opened(t)
    state.own?.kill('SIGSTOP')
    await refused(t, () => client.search({ index: alias }), 2500)
    const startedAt = performance.now()
    t.not((await context.life.checks())['opensearch titles'], 'ok')
    t.true(performance.now() - startedAt < 1200)
    state.own?.kill('SIGCONT')
    const answers = () =>
      client.search({ index: alias }).then(
        () => true,
        () => false,
      )
    while (!(await answers())) await pause(50)
    t.is((await context.life.checks())['opensearch titles'], 'ok')
  },
)
