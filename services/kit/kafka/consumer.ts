import { setTimeout as delay } from 'node:timers/promises'
import { counter } from '../../model/metric.ts'
import { within } from '../within.ts'
import type { Duty } from './duty.ts'
import { join, type Member } from './member.ts'
import { batchesFailed } from './partitions.ts'

/** Members of a group that had to be made anew: a crash, or a long silence. */
export const consumerRestarts = counter<'group'>('kafka_consumer_restarts_total', {
  help: 'Consumers that crashed or went silent and were replaced',
  labels: { group: [] },
})

/**
 * kafkajs is known to stop without a word (#659, or when a connection breaks at a bad moment): after this long the member
 * is replaced. Whoever joins may have to wait for the others, which takes up to three sessions.
 */
const silentFor = (sessionMs: number): number => Math.max(15_000, 4.5 * sessionMs)
const lookEveryMs = 1000
const leaveMs = 5000

/** Pause before the next member: 0.5, 1, 2, 3, 3 … s, so that a consumer is back soon after its broker. */
const restartMs = (failures: number): number => Math.min(500 * 2 ** (failures - 1), 3000)

/** A consumption that is running. */
export interface Consuming {
  /**
   * Reads a partition on from `offset`, e.g. because the consumer's own store lost what it had counted. A request
   * only: it may be lost to a batch under way or to a rebalance, so ask again while it is needed.
   */
  seek(partition: number, offset: bigint): void
}

/**
 * Consumes until the service stops (stage `consume`). A member that crashes or goes silent is replaced, with
 * back-off; the readiness check `kafka <group> <topic>` fails meanwhile.
 */
export function consumeFor<V>(duty: Duty<V>): Consuming {
  const { context, consumption } = duty
  const { group } = consumption
  const sessionMs = context.config.number('KAFKA_SESSION_MS')
  const stop = new AbortController()
  const state: State = { reason: 'has not joined the group yet', heardAt: 0, member: undefined }
  context.meter.add(consumerRestarts, { group }, 0)
  context.meter.add(batchesFailed, { group }, 0)
  const consuming = (): void => {
    if (state.reason !== undefined) throw new Error(state.reason)
    const ms = performance.now() - state.heardAt
    // Then the broker has given it up.
    if (ms > sessionMs) throw new Error(`no heartbeat for ${Math.round(ms / 1000)} s`)
  }
  context.life.check(`kafka ${group} ${consumption.topic.name}`, consuming, duty.vital)

  const loop = async (): Promise<void> => {
    for (let failures = 1; !stop.signal.aborted; failures += 1) {
      const lived = await oneMember(duty, {
        state,
        silentMs: silentFor(sessionMs),
        stop: stop.signal,
      })
      if (stop.signal.aborted) return
      if (lived) failures = 1
      const line = { group, reason: state.reason, retryInMs: restartMs(failures) }
      context.log.error(line, 'consumer ended and is replaced')
      context.meter.add(consumerRestarts, { group })
      await delay(restartMs(failures), undefined, { signal: stop.signal }).catch(() => undefined)
    }
  }
  const running = loop()
  context.life.onStop('consume', `kafka ${group}`, async () => {
    stop.abort()
    await running
  })
  return { seek: (partition, offset) => state.member?.seek(partition, offset) }
}

interface State {
  /** Why it does not consume; undefined: it does. */
  reason: string | undefined
  /** When the broker last answered a heartbeat. */
  heardAt: number
  member: Member | undefined
}

/** One member from its joining to its end. @returns whether it ever joined */
async function oneMember<V>(
  duty: Duty<V>,
  {
    state,
    silentMs,
    stop,
  }: { readonly state: State; readonly silentMs: number; readonly stop: AbortSignal },
): Promise<boolean> {
  const ended = Promise.withResolvers<string>()
  const gone = new AbortController()
  let lived = false
  state.heardAt = performance.now()
  const alive = (): void => {
    state.heardAt = performance.now()
    lived = true
    state.reason = undefined
  }
  const look = setInterval(() => {
    if (performance.now() - state.heardAt > silentMs)
      ended.resolve(`was silent for ${silentMs / 1000} s`)
  }, lookEveryMs)
  const stopped = (): void => ended.resolve('stopped')
  stop.addEventListener('abort', stopped, { once: true })
  const watch = {
    alive,
    crashed: (error: unknown) => ended.resolve(`crashed: ${(error as Error).message}`),
    stopped: AbortSignal.any([stop, gone.signal]),
  }
  const joining = join(duty, watch)
  joining.then(
    (member) => (state.member = member),
    (error: unknown) => ended.resolve(`could not join: ${(error as Error).message}`),
  )
  state.reason = await ended.promise
  const joined = state.member !== undefined
  state.member = undefined
  gone.abort()
  clearInterval(look)
  stop.removeEventListener('abort', stopped)
  await leave(joining, joined)
  return lived
}

/** Bounded, because leaving asks a broker that may be away; who has not joined yet leaves when it has. */
async function leave(joining: Promise<Member>, joined: boolean): Promise<void> {
  const leaving = joining.then((member) => member.disconnect())
  leaving.catch(() => undefined)
  if (joined) await within(leaving, leaveMs).catch(() => undefined)
}
