import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { Client as OpenSearch } from '@opensearch-project/opensearch'
import { Redis } from 'ioredis'
import type { Dispatcher } from 'undici'
import { append, unreadable } from '../../services/kit/testing/topic-log.ts'
import { titleIndex } from '../../services/webtoon/stores.ts'
import { credentialsOf, type ClientSecret } from '../local/front-door.ts'
import type { Supervisor } from '../local/supervisor/client.ts'
import { doorsOf, type Answer, type Doors } from './doors.ts'
import { together, type Ground, type Heal } from './drill.ts'
import { paused } from '../local/kept.ts'

/** A running checkout, as drills reach it. */
export interface Site {
  /** Base URLs of the gateway's replicas. */
  readonly gateways: readonly string[]
  readonly client: ClientSecret
  /** Who pays. */
  readonly payer: ClientSecret
  /** Brokers, comma separated. */
  readonly kafka: string
  /** As administrator. */
  readonly redis: string
  readonly opensearch: string
  /** Base URL of the mock payment gateway; undefined where it does not run. */
  readonly pgMock: string | undefined
  readonly supervisor: Supervisor
  /** Starts what was stopped. */
  up(): Promise<void>
}

/** The ground, and how everything that was done to it is undone. */
export interface Tilled {
  readonly ground: Ground
  /** Heals whatever is still broken. */
  heal: Heal
}

/** Before the token's own end. */
const tokenKeptMs = 240_000

export function groundOf(site: Site): Tilled {
  const heals = new Set<Heal>()
  const healing = (heal: Heal): Heal => {
    const once: Heal = async () => {
      if (heals.delete(once)) await heal()
    }
    heals.add(once)
    return once
  }
  const doors = doorsOf(site.gateways)
  const pgMock = site.pgMock === undefined ? undefined : doorsOf([site.pgMock])
  const token = tokenOf(site.client, doors)
  const payersToken = tokenOf(site.payer, doors)
  const askAsPayer = async (line: string, body?: unknown): Promise<Answer> =>
    answerOf(doors, line, await payersToken(), body)
  return {
    heal: () => together(...heals)(),
    ground: {
      pause: async (name) => healing(paused(await pidOf(site.supervisor, name))),
      kill: async (name) => void process.kill(await pidOf(site.supervisor, name), 'SIGKILL'),
      forget: () => forget(site.redis),
      loseIndex: () => loseIndex(site.opensearch),
      stop: async (name) => {
        await site.supervisor.stop([name])
        return healing(site.up)
      },
      repeat: (perSecond, work) => {
        const timer = setInterval(() => void work().catch(() => undefined), 1000 / perSecond)
        return healing(async () => clearInterval(timer))
      },
      ask: async (line, body) =>
        (await answered(async () => answerOf(doors, line, await token(), body))).status,
      pay: async () =>
        (await answered(() => askAsPayer('POST /api/payments/authorize', payment()))).status,
      askAsPayer: (line, body) => answered(() => askAsPayer(line, body)),
      behave: async (calls, wish) => {
        if (!pgMock) throw new Error('pg-mock does not run: ./maru up starts it.')
        for (const call of calls) {
          const line = `PATCH /pg/behaviour/${call}`
          const { status, text } = await answerOf(pgMock, line, await token(), wish)
          if (status !== 200) throw new Error(`${line} answered ${status}: ${text}`)
        }
      },
      login: async () => (await login(doors, credentialsOf(site.client))).status,
      askWrongly: async () => (await login(doors, nobody)).status,
      poison: (topic, count) =>
        append(site.kafka, topic, Array(count).fill({ key: 'drill', value: unreadable })),
    },
  }
}

async function pidOf(supervisor: Supervisor, name: string): Promise<number> {
  const found = (await supervisor.processes()).find((one) => one.name === name)
  if (found?.pid === undefined) throw new Error(`${name} does not run: ./maru up starts it.`)
  return found.pid
}

/** A client's token, asked for again before it ends. */
function tokenOf(client: ClientSecret, doors: Doors): () => Promise<string> {
  let known: { readonly value: Promise<string>; readonly until: number } | undefined
  const ask = async (): Promise<string> => {
    const { status, text } = await login(doors, credentialsOf(client))
    const { access_token: token } = JSON.parse(text) as { access_token?: string }
    if (token === undefined) throw new Error(`POST /token answered ${status}.`)
    return `Bearer ${token}`
  }
  return () => {
    if (known === undefined || Date.now() > known.until) {
      const value = ask()
      known = { value, until: Date.now() + tokenKeptMs }
      value.catch(() => (known = undefined))
    }
    return known.value
  }
}

const login = ({ knock }: Doors, form: URLSearchParams): Promise<Answer> =>
  knock('/token', {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: form.toString(),
  })

const answered = (asked: () => Promise<Answer>): Promise<Answer> =>
  asked().catch(() => ({ status: 0, headers: {}, text: '' }))

function answerOf(
  { knock }: Doors,
  line: string,
  authorization: string,
  body?: unknown,
): Promise<Answer> {
  const [method = 'GET', path = '/'] = line.split(' ')
  const json = body !== undefined && { body: JSON.stringify(body) }
  return knock(path, {
    method: method as Dispatcher.HttpMethod,
    headers: { authorization, ...(json && { 'content-type': 'application/json' }) },
    ...json,
  })
}

/** The smallest one, of a merchant of its own. */
const payment = () => ({
  ...{ merchantId: 'DRILL', amount: 1, currency: 'KRW' },
  idempotencyKey: randomUUID(),
})

/** A client of no one's, so that nobody else's logins are slowed down. */
const nobody = new URLSearchParams({
  grant_type: 'client_credentials',
  client_id: 'drill-nobody',
  client_secret: 'guessed',
})

async function forget(url: string): Promise<void> {
  const redis = new Redis(url)
  await redis.flushall().finally(() => redis.disconnect())
}

async function loseIndex(node: string): Promise<void> {
  const client = new OpenSearch({ node })
  const { body } = await client.indices.getAlias({ name: titleIndex.name })
  await client.indices.delete({ index: Object.keys(body).join(',') })
  await client.close()
}

/** The light use that a platform always has: without requests no share of them can fail. */
export function lightUse({ repeat, ask, pay }: Ground): Heal {
  const title = { id: 'w-drill', title: 'Use', author: 'Maru', tags: [] as string[] }
  let n = 0
  const event = () => ({
    eventId: `drill-${Date.now()}-${(n += 1)}`,
    userId: 'u-drill',
    contentId: title.id,
    ts: Date.now(),
    props: { action: 'view' },
  })
  return together(
    repeat(5, () => ask('POST /ingest/events', event())),
    repeat(5, () => ask('GET /rank/top?window=10s')),
    repeat(5, () => ask('GET /search?q=drill')),
    repeat(3, () => ask('GET /catalog/w-drill')),
    repeat(2, () => ask('POST /catalog/upsert', { ...title, desc: `Change ${(n += 1)}` })),
    repeat(3, pay),
    repeat(1, () => ask('GET /.well-known/jwks.json')),
  )
}

/** Waits that the light use is seen by two scrapes before anything is broken. */
export const usedForAWhile = (signal: AbortSignal): Promise<void> =>
  delay(12_000, undefined, { signal })
