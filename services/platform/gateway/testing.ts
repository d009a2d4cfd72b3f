import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { z } from 'zod'
import { bench, type Bench, type BenchStart, type Servers } from '../../kit/testing.ts'
import type { Running } from '../../kit/boot.ts'
import { edge } from '../../model/edge.ts'
import { route } from '../../model/route.ts'
import { service } from '../../model/service.ts'
import { topology } from '../../model/topology.ts'
import { readRank, writeCatalog } from '../../webtoon/scopes.ts'
import gateway from './service.ts'
import { gatewayTo } from './start.ts'

const answers = { 200: { summary: 'Fine' } }
const reading = { summary: 'Reads.', access: readRank, answers }
const wide = { perSecond: 100_000, burst: 200_000 }
const slo = { availability: 99.9, latency: { p95Ms: 200 } }

/** Plain routes of every kind. */
export const echo = service({
  name: 'echo',
  product: 'webtoon',
  summary: 'Tells what it was sent.',
  port: 25_901,
  slo,
  api: {
    hello: route('GET /echo/hello', reading),
    item: route('GET /echo/items/:id', { ...reading, params: z.object({ id: z.string() }) }),
    latest: route('GET /echo/items/latest', reading),
    create: route('POST /echo/items', {
      summary: 'Writes.',
      access: writeCatalog,
      body: z.unknown(),
      maxBodyBytes: 1000,
      answers,
    }),
    open: route('GET /echo/open', { summary: 'Public.', access: 'public', answers }),
  },
  edge: edge({
    prefixes: ['/echo'],
    limit: wide,
    timeLimitMs: 400,
    retries: { attempts: 2, firstBackoffMs: 10, maxBackoffMs: 50 },
    breaker: { minimumCalls: 1000, window: 1000 },
  }),
})

/** Three requests at once and one more per second. */
export const tight = service({
  name: 'tight',
  product: 'webtoon',
  summary: 'Has a small limit.',
  port: 25_902,
  slo,
  api: {
    mine: route('GET /tight/mine', reading),
    open: route('GET /tight/open', { summary: 'Public.', access: 'public', answers }),
  },
  edge: edge({
    prefixes: ['/tight'],
    limit: { perSecond: 1, burst: 3, exact: true },
    timeLimitMs: 1000,
  }),
})

/** Has the breaker of every route, with a shorter wait. */
export const frail = service({
  name: 'frail',
  product: 'webtoon',
  summary: 'Breaks.',
  port: 25_903,
  slo,
  api: {
    read: route('GET /frail/:way', { ...reading, params: z.object({ way: z.string() }) }),
    write: route('POST /frail/:way', {
      summary: 'Writes.',
      access: writeCatalog,
      params: z.object({ way: z.string() }),
      answers,
    }),
  },
  edge: edge({
    prefixes: ['/frail'],
    limit: wide,
    timeLimitMs: 300,
    breaker: { openMs: 400 },
  }),
})

/** Is called by another path outside than inside. */
export const inner = service({
  name: 'inner',
  product: 'webtoon',
  summary: 'Lies deeper.',
  port: 25_904,
  slo,
  api: {
    item: route('GET /inner/:id', { ...reading, params: z.object({ id: z.string() }) }),
  },
  edge: edge({ base: '/api', prefixes: ['/inner'], limit: wide, timeLimitMs: 1000 }),
})

export const fronted = topology([gateway, echo, tight, frail, inner], [])

/** An upstream that does what a test says. */
export interface Upstream {
  readonly url: string
  /** Method, path and body of what came, in order. */
  readonly seen: { method: string; url: string; headers: IncomingMessage['headers'] }[]
  /** Requests whose connection was cut by the other side. */
  readonly cut: string[]
  /** What it does with the next requests; it echoes by default. */
  behave(how: Behaviour): void
  stop(): Promise<void>
}
export type Behaviour = (request: IncomingMessage, response: ServerResponse) => void

/** What `echoing` answers. */
export interface Echo {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Answers with what came. */
export const echoing: Behaviour = async (request, response) => {
  const body = await text(request).catch(() => '')
  response.setHeader('content-type', 'application/json')
  response.end(
    JSON.stringify({ method: request.method, url: request.url, headers: request.headers, body }),
  )
}

export async function upstream(): Promise<Upstream> {
  const seen: Upstream['seen'] = []
  const cut: string[] = []
  let behaviour = echoing
  const server = createServer((request, response) => {
    const { method = '', url = '', headers } = request
    seen.push({ method, url, headers })
    response.once('close', () => response.writableFinished || cut.push(url))
    behaviour(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    cut,
    behave: (how) => {
      behaviour = how
    },
    stop: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** A gateway before one upstream that stands for all services. */
export interface Front {
  readonly at: Bench
  readonly behind: Upstream
  readonly url: string
  readonly running: Running
  /** Headers of a reader and of a writer. */
  readonly reader: Record<string, string>
  readonly writer: Record<string, string>
  /** Another gateway on the same Redis. */
  another(wishes?: BenchStart): Promise<Running>
  /** Everything that one raw connection answers until it is closed or quiet. */
  raw(bytes: string): Promise<string>
  metric(line: RegExp): Promise<boolean>
  stop(): Promise<void>
}

/** Starts one before the servers of a test file, which `stop` ends too. */
export async function front(
  { servers, stop }: { servers: Servers; stop(): Promise<void> },
  wishes: BenchStart = {},
): Promise<Front> {
  const at = await bench(fronted, servers)
  const behind = await upstream()
  const another = ({ env, ...rest }: BenchStart = {}): Promise<Running> =>
    at.start(gateway, gatewayTo(fronted), {
      ...rest,
      env: {
        SERVICE_ECHO_URL: behind.url,
        SERVICE_TIGHT_URL: behind.url,
        SERVICE_FRAIL_URL: behind.url,
        SERVICE_INNER_URL: behind.url,
        ...env,
      },
    })
  const running = await another(wishes)
  return {
    at,
    behind,
    url: running.url,
    running,
    reader: await at.bearer(readRank),
    writer: await at.bearer(writeCatalog),
    another,
    raw: (bytes) => exchangeRaw(Number(new URL(running.url).port), bytes),
    metric: async (line) => line.test(await (await fetch(`${running.admin}/metrics`)).text()),
    stop: async () => {
      await at.stop()
      await behind.stop()
      await stop()
    },
  }
}

/** Asks through a gateway, by default as its reader. */
export const get = (one: Front, path: string, headers = one.reader): Promise<Response> =>
  fetch(one.url + path, { headers })

const quietMs = 300

function exchangeRaw(port: number, bytes: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = ''
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes, 'latin1'))
    socket.setTimeout(quietMs, () => socket.destroy())
    socket.on('data', (data) => (answer += data.toString('latin1')))
    socket.on('error', () => undefined)
    socket.on('close', () => resolve(answer))
  })
}
