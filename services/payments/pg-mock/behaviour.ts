import { z } from 'zod'

/** Calls that can be made to misbehave. */
export const callTypes = ['authorize', 'capture', 'refund', 'void', 'query'] as const
export type CallType = (typeof callTypes)[number]

/**
 * What becomes of the connection. `silent`: no answer, ever; `reset`: it breaks. `before`: the gateway has done nothing
 * then; `after`: it has done all of its work.
 */
const connections = [
  'answers',
  'silent-before',
  'silent-after',
  'reset-before',
  'reset-after',
] as const

const delayMs = z.int().min(0).max(60_000)
const rate = z.number().min(0).max(1)

export const behaviour = z.object({
  delayMinMs: delayMs,
  delayMaxMs: delayMs,
  /** Share of calls that end with an error and have no effect. */
  failureRate: rate,
  /** Share of new operations that are declined. */
  declineRate: rate,
  connection: z.enum(connections),
})
export type Behaviour = z.infer<typeof behaviour>

export const behaviourChange = behaviour.partial()

/** How every call behaves now. */
export interface Behaviours {
  all(): Readonly<Record<CallType, Behaviour>>
  of(call: CallType): Behaviour
  /** Changes what is named of one call. */
  change(call: CallType, wish: z.infer<typeof behaviourChange>): Behaviour
}

/** Contract: delays and failures of the earlier system, in earnest and under load. */
const modes = {
  normal: {
    authorize: { delayMinMs: 50, delayMaxMs: 150, failureRate: 0.005 },
    settle: { delayMinMs: 1000, delayMaxMs: 2999, failureRate: 0.05 },
  },
  load: {
    authorize: { delayMinMs: 5, delayMaxMs: 15, failureRate: 0.0001 },
    settle: { delayMinMs: 1000, delayMaxMs: 2999, failureRate: 0.0001 },
  },
}
export const modeNames = ['normal', 'load'] as const

/** How calls behave in a mode. */
export function behavioursIn(mode: (typeof modeNames)[number]): Record<CallType, Behaviour> {
  const { authorize, settle } = modes[mode]
  const plain = { declineRate: 0, connection: 'answers' } as const
  const prompt = { delayMinMs: 0, delayMaxMs: 0, failureRate: 0, ...plain }
  return {
    authorize: { ...authorize, ...plain },
    capture: { ...settle, ...plain },
    refund: { ...settle, ...plain },
    void: prompt,
    query: prompt,
  }
}

/** @param mode what it begins with; a restart begins with it again */
export function behaviours(mode: (typeof modeNames)[number]): Behaviours {
  const now = behavioursIn(mode)
  return {
    all: () => now,
    of: (call) => now[call],
    change: (call, wish) => (now[call] = { ...now[call], ...(wish as Partial<Behaviour>) }),
  }
}
