import { setTimeout as delay } from 'node:timers/promises'
import type { Random } from '../../../services/kit/testing/random.ts'
import type { Ground } from '../../drill/drill.ts'
import { outcomeOf, type Op } from '../history.ts'

/** What a merchant does. */
export const kinds = ['authorize', 'capture', 'void', 'refund', 'read'] as const
export type Kind = (typeof kinds)[number]

/** An answer as a merchant reads it. */
export interface Told {
  readonly status: number
  readonly text: string
  readonly body: Readonly<Record<string, unknown>>
}

/** A merchant’s client, which notes all it asks for. */
export interface Client {
  ask(kind: Kind, line: string, body?: unknown): Promise<Told>
  /**
   * Asks the same again until the answer is final, as merchants must.
   * @throws Error for a refusal, and with the last answer when it was told to give up
   */
  insist(kind: Kind, line: string, body?: unknown): Promise<Told>
  /** From then on nobody insists any more. @param at of `performance.now()` */
  giveUp(at: number): void
}

const firstPauseMs = 400
const longestPauseMs = 7000

/** @param ops is added to */
export function clientAt({ askAsPayer }: Ground, ops: Op<Kind>[], random: Random): Client {
  let end = Infinity
  const send = async (kind: Kind, line: string, body?: unknown) => {
    const at = Date.now()
    const { status, headers, text } = await askAsPayer(line, body)
    const told = { status, text, body: parsed(text) }
    const [code, retryAfter] = [told.body['code'], headers['retry-after']]
    ops.push({
      ...{ kind, id: line, at, ms: Date.now() - at, status },
      outcome:
        isFinal(kind, told) || isInProgress(told)
          ? 'ok'
          : isRefusal(told)
            ? outcomeOf(status)
            : 'unknown',
      ...(typeof code === 'string' && { code }),
      ...(typeof retryAfter === 'string' && { retryAfter }),
    })
    return { told, retryMs: Number(retryAfter ?? 0) * 1000 }
  }
  return {
    ask: async (...wish) => (await send(...wish)).told,
    insist: async (kind, line, body) => {
      for (let times = 0; ; times += 1) {
        const { told, retryMs } = await send(kind, line, body)
        if (isFinal(kind, told)) return told
        if (isRefusal(told) || performance.now() > end)
          throw new Error(`${line} answered ${told.status} ${String(told.body['code'] ?? '')}`)
        // Half of them come again sooner than they are told while somebody is at work, and so meet those who look after
        // the unknown; whoever cannot work is left alone for longer and longer.
        const isSooner = (told.status === 202 || isInProgress(told)) && random() < 0.5
        const pauseMs = isSooner ? firstPauseMs : Math.max(retryMs, firstPauseMs * 2 ** times)
        await delay(Math.min(longestPauseMs, pauseMs) * (0.75 + random() / 2))
      }
    },
    giveUp: (at) => void (end = at),
  }
}

const finals: Readonly<Record<Kind, readonly number[]>> = {
  authorize: [200, 402],
  capture: [200, 202],
  void: [200, 202],
  refund: [200],
  read: [200],
}

const isFinal = (kind: Kind, { status }: Told): boolean => finals[kind].includes(status)

/** Somebody works on it: a true answer, though not the last one. */
const isInProgress = ({ body }: Told): boolean => body['code'] === 'REQUEST_IN_PROGRESS'

/** Whoever is too early, or comes too often, may come again. */
const isRefusal = (told: Told): boolean =>
  told.status >= 400 && told.status < 500 && told.status !== 429 && !isInProgress(told)

/** What is no JSON was not said by the platform. */
function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(text) as Readonly<Record<string, unknown>>
  } catch {
    return {}
  }
}
