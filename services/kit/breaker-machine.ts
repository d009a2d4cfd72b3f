import type { BreakerPolicy } from '../model/edge.ts'
import { countWindow, type CountWindow } from './breaker-window.ts'

export const breakerStates = [
  'closed',
  'open',
  'half-open',
  'disabled',
  'forced-open',
  'forced-half-open',
] as const
export type BreakerState = (typeof breakerStates)[number]

/** States that people may choose; the breaker leaves the last three only when told to. */
export type ChosenState = 'closed' | 'disabled' | 'forced-open' | 'forced-half-open'

/** Leave for one call. Exactly one of the three is told; what comes after the first is ignored. */
export interface Permit {
  /** @param ms how long the call took */
  success(ms: number): void
  failure(ms: number): void
  /** The call said nothing about the callee, e.g. because its own caller went away. */
  release(): void
}

/** The state machine of one breaker, without time of its own. */
export interface Machine {
  readonly state: BreakerState
  readonly failureRate: number
  readonly slowRate: number
  readonly bufferedCalls: number
  /** Leave for one call, or the milliseconds after which asking makes sense again. */
  enter(): Permit | number
  choose(state: ChosenState): void
}

export type CallOutcome = 'success' | 'failure' | 'slow'

/** Who is told what. */
export interface MachineEvents {
  onState(to: BreakerState, from: BreakerState): void
  onOutcome(outcome: CallOutcome): void
}

/** The time in one state. What a permit of an earlier era still tells goes nowhere. */
interface Era {
  readonly state: BreakerState
  readonly since: number
  readonly window: CountWindow
  /** Trials that were let in, less those that gave their place back. */
  entered: number
}

/**
 * Rules as in resilience4j: rates are compared with ≥ once `minimumCalls` are in the window; open → half-open at the
 * first call after `openMs`; half-open lets `halfOpenTrials` calls pass and decides by the same rates when all have
 * answered. Results of calls that began in an earlier state are ignored.
 */
export function breakerMachine(
  policy: BreakerPolicy,
  clock: () => number,
  events: MachineEvents,
): Machine {
  const eraOf = (state: BreakerState): Era => {
    const size = state === 'half-open' ? policy.halfOpenTrials : policy.window
    return { state, since: clock(), window: countWindow(size), entered: 0 }
  }
  let era = eraOf('closed')
  const begin = (state: BreakerState): void => {
    const from = era.state
    era = eraOf(state)
    events.onState(state, from)
  }
  const permit = (): Permit => {
    const born = era
    born.entered += 1
    return permitOf(policy, (outcome, slow) => {
      if (outcome) events.onOutcome(outcome)
      if (born !== era) return
      const next = settled(era, policy, outcome && { failed: outcome === 'failure', slow })
      if (next) begin(next)
    })
  }
  return {
    get state() {
      return era.state
    },
    get failureRate() {
      return era.window.failureRate
    },
    get slowRate() {
      return era.window.slowRate
    },
    get bufferedCalls() {
      return era.window.calls
    },
    enter: () => {
      const overdue = clock() - era.since >= policy.openMs
      // Also from half-open: a trial whose result never came must not hold it there for ever.
      if (overdue && (era.state === 'open' || (era.state === 'half-open' && full(era, policy))))
        begin('half-open')
      return mayPass(era, policy) ? permit() : Math.max(1, era.since + policy.openMs - clock())
    },
    choose: begin,
  }
}

const full = (era: Era, policy: BreakerPolicy): boolean => era.entered >= policy.halfOpenTrials

function mayPass(era: Era, policy: BreakerPolicy): boolean {
  switch (era.state) {
    case 'closed':
    case 'disabled':
      return true
    case 'open':
    case 'forced-open':
      return false
    case 'half-open':
    case 'forced-half-open':
      return !full(era, policy)
  }
}

/** Writes a result down; the state that follows from it, if another does. No result: the place is given back. */
function settled(
  era: Era,
  policy: BreakerPolicy,
  result: { failed: boolean; slow: boolean } | undefined,
): BreakerState | undefined {
  const { state, window } = era
  if (!result || state === 'forced-half-open') era.entered -= 1
  if (!result) return undefined
  window.add(result.failed, result.slow)
  const broken = window.failureRate >= policy.failureRate || window.slowRate >= policy.slowRate
  if (state === 'closed') return broken && window.calls >= policy.minimumCalls ? 'open' : undefined
  if (state !== 'half-open' || window.calls < policy.halfOpenTrials) return undefined
  return broken ? 'open' : 'closed'
}

function permitOf(
  { slowMs }: BreakerPolicy,
  tell: (outcome: CallOutcome | undefined, slow: boolean) => void,
): Permit {
  let told = false
  const once = (outcome: CallOutcome | undefined, slow: boolean): void => {
    if (told) return
    told = true
    tell(outcome, slow)
  }
  return {
    success: (ms) => once(ms >= slowMs ? 'slow' : 'success', ms >= slowMs),
    failure: (ms) => once('failure', ms >= slowMs),
    release: () => once(undefined, false),
  }
}
