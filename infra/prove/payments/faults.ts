import { setTimeout as delay } from 'node:timers/promises'
import * as topics from '../../../services/payments/topics.ts'
import { deathAt, lostReply, resets, slowness, type Way } from '../crossings.ts'
import { fault, killed, nothing, paused, type Fault } from '../fault.ts'
import type { Op } from '../history.ts'
import { kinds, type Kind } from './client.ts'
import { crossings } from './crossings.ts'
import { calm } from './weather.ts'

const all: readonly Kind[] = kinds
const atGateway: readonly Kind[] = ['authorize', 'void']
const movers = ['payment', 'settlement', 'refund', 'ledger'] as const

/** What a request that starts without the database may take, and what the machine may add. */
const refusedWithinMs = 2000
const graceMs = 500

/** Who cannot work says so at once, and when to come again; nobody is told that it was done before. */
const saidSo =
  (withinMs: number) =>
  (ops: readonly Op<Kind>[]): readonly string[] => {
    const asked = ops.filter(({ kind, outcome }) => kind === 'authorize' && outcome !== 'ok')
    const wrong = asked.filter(
      ({ status, retryAfter }) => status !== 202 && (status !== 503 || retryAfter === undefined),
    )
    const late = asked.filter(({ status, ms }) => status === 503 && ms > withinMs + graceMs)
    return [
      ...wrong.map(({ status, code }) => `an authorisation was answered ${status} ${code ?? ''}`),
      ...late.map(({ ms }) => `an authorisation was refused after ${ms} ms`),
    ].slice(0, 5)
  }

const servicesAndServers: readonly Fault<Kind>[] = [
  killed('payment-1', { says: 'the payment API dies', notice: all }),
  killed('settlement-1', { says: 'who captures dies' }),
  killed('refund-1', { says: 'who gives back dies' }),
  killed('ledger-1', { says: 'who keeps the books dies' }),
  killed('pg-mock-1', {
    says: 'the payment gateway dies',
    notice: atGateway,
    inject: async (ground) => {
      await ground.kill('pg-mock-1')
      return () => calm(ground)
    },
  }),
  killed('mariadb', {
    says: 'MariaDB dies: 503 within two seconds, and when to come again',
    notice: all,
    wellWithinMs: 60_000,
    objections: saidSo(refusedWithinMs),
  }),
  killed('redis', { says: 'Redis dies', sparedShare: 0.005 }),
  killed('kafka', {
    says: 'the broker dies: no payment fails',
    sparedShare: 0,
    wellWithinMs: 60_000,
  }),
  paused('payment-1', {
    says: 'the payment API stands still and comes back',
    notice: all,
    tells: ['payment'],
  }),
  paused('settlement-1', { says: 'who captures stands still and comes back' }),
  paused('refund-1', { says: 'who gives back stands still and comes back' }),
  paused('ledger-1', { says: 'who keeps the books stands still and comes back' }),
  paused('pg-mock-1', { says: 'the payment gateway stands still', notice: atGateway }),
  paused('mariadb', {
    says: 'MariaDB stands still',
    notice: all,
    tells: ['payment'],
    // What was asked already waits as long as a statement may take.
    objections: saidSo(refusedWithinMs + 1000),
  }),
  paused('redis', { says: 'Redis stands still', sparedShare: 0.005 }),
  paused('kafka', {
    says: 'the broker stands still: no payment fails',
    sparedShare: 0,
    wellWithinMs: 60_000,
  }),
]

/** The gateway itself is ill for a while. */
const ill = (
  name: string,
  says: string,
  wish: Parameters<Parameters<Fault['inject']>[0]['behave']>[1],
): Fault<Kind> =>
  fault({
    name,
    says,
    notice: atGateway,
    lastsMs: { least: 3000, most: 6000 },
    wellWithinMs: 60_000,
    inject: async (ground) => {
      await ground.behave(['authorize', 'capture', 'refund', 'void'], wish)
      return () => calm(ground)
    },
  })

const gateway: readonly Fault<Kind>[] = [
  ill('gateway-slow', 'the payment gateway takes 2.5 s', { delayMinMs: 2500, delayMaxMs: 2500 }),
  ill('gateway-fails', 'three in ten calls of the payment gateway fail', { failureRate: 0.3 }),
  ill('gateway-unheard', 'the payment gateway does its work, and the connection breaks', {
    connection: 'reset-after',
  }),
  ill('gateway-silent', 'the payment gateway does its work, and never answers', {
    connection: 'silent-after',
  }),
]

/** Longer than a call may take, up to after others have looked for its end: by then it was voided, or sent again. */
const lateMs = { least: 3500, most: 12_000 }

const late = fault<Kind>({
  name: 'late-authorization',
  says: 'requests to hold an amount arrive after others have looked for their end',
  notice: atGateway,
  wires: [{ service: 'payment', server: 'pg-mock' }],
  lastsMs: { least: 4000, most: 6000 },
  wellWithinMs: 60_000,
  inject: async ({ wire, repeat }, random) => {
    const way = wire({ service: 'payment', server: 'pg-mock' })
    const { least, most } = lateMs
    return repeat(2, async () =>
      way.holdBack('post /pg/authorize', least + random() * (most - least)),
    )
  },
})

const stepMs = 5
const steps = 200

const blind = fault<Kind>({
  name: 'kill-anywhere',
  says: `somebody dies ${stepMs}·k ms after an authorisation began, k from 0 to ${steps}`,
  notice: all,
  ends: movers.map((name) => `${name}-1`),
  lastsMs: { least: 0, most: 0 },
  inject: async ({ pay, kill }, random) => {
    const name = movers[Math.floor(random() * movers.length)] ?? movers[0]
    const ms = stepMs * Math.floor(random() * (steps + 1))
    void pay()
    await delay(ms)
    await kill(`${name}-1`)
    return nothing
  },
})

/** What a machine without a time server, or one that was just told the time, may be wrong by. */
const jumpSeconds = 600

/** Who decides by its own clock would pay twice, or give up what is paid. */
const jumps = movers.map((service) =>
  fault<Kind>({
    name: `clock-${service}`,
    says: `the clock of ${service} jumps ten minutes ahead or back, and later to the right time`,
    clocks: [service],
    lastsMs: { least: 3000, most: 5000 },
    inject: ({ shift }, random) => shift(service, random() < 0.5 ? jumpSeconds : -jumpSeconds),
  }),
)

const consumed = [
  ...[topics.captureRequested, topics.captured, topics.captureFailed],
  ...[topics.refundRequested, topics.refunded, topics.refundFailed],
]

const data: readonly Fault<Kind>[] = [
  fault({
    name: 'repeated-facts',
    says: 'Kafka holds requests and reports several times, in another order',
    inject: async ({ again }, random) => {
      for (const topic of consumed) await again(topic, random)
      return nothing
    },
  }),
  fault({
    name: 'unreadable-facts',
    says: 'records that nobody can read, in every topic that moves money',
    inject: async ({ poison }, random) => {
      for (const { name } of consumed) await poison(name, 1 + Math.floor(random() * 5))
      return nothing
    },
  }),
]

const ways: readonly (Way<Kind> & { readonly slowMs: number })[] = [
  { server: 'mariadb', users: [...movers], notice: all, slowMs: 100 },
  { server: 'kafka', users: [...movers], notice: [], slowMs: 500 },
  { server: 'redis', users: ['payment'], notice: [], slowMs: 500 },
  {
    server: 'pg-mock',
    users: ['payment', 'settlement', 'refund'],
    notice: atGateway,
    slowMs: 500,
  },
]

/** The faults of the plan that money can meet; each is one that a machine or a network really has. */
export const faults: readonly Fault<Kind>[] = [
  ...servicesAndServers,
  ...gateway,
  blind,
  ...data,
  ...jumps,
  ...ways.map(resets),
  ...ways.map((way) => slowness(way, way.slowMs)),
  ...crossings.map(lostReply),
  ...crossings.map(deathAt),
  late,
]
