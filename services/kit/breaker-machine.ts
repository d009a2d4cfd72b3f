import type { BreakerPolicy } from '../model/edge.ts'
import { countWindow } from './breaker-window.ts'

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

/**
 * Rules as in resilience4j: rates are compared with ≥ once `minimumCalls` are in the window; open → half-open at the
 * first call after `openMs`; half-open lets `halfOpenTrials` calls pass and decides by the same rates when all have
 * answered. Every change of state begins a new generation: what an older generation still answers is ignored.
 */
export function breakerMachine(
  policy: BreakerPolicy,
  clock: () => number,
  events: MachineEvents,
): Machine {
  const lasting = countWindow(policy.window)
  const trial = countWindow(policy.halfOpenTrials)
  let state: BreakerState = 'closed'
  let generation = 0
  let since = clock()
  let entered = 0

  const window = () => (state === 'half-open' ? trial : lasting)
  const begin = (next: BreakerState): void => {
    const from = state
    state = next
    generation += 1
    since = clock()
    entered = 0
    window().clear()
    events.onState(next, from)
  }
  const broken = (): boolean =>
    window().failureRate >= policy.failureRate || window().slowRate >= policy.slowRate
  const decide = (): void => {
    if (state === 'closed' && lasting.calls >= policy.minimumCalls && broken()) begin('open')
    if (state === 'half-open' && trial.calls >= policy.halfOpenTrials)
      begin(broken() ? 'open' : 'closed')
  }
  const permit = (): Permit => {
    const born = generation
    let told = false
    entered += 1
    const tell = (outcome: CallOutcome | undefined, failed: boolean, slow: boolean): void => {
      if (told) return
      told = true
      if (outcome) events.onOutcome(outcome)
      if (born !== generation) return
      if (!outcome || state === 'forced-half-open') entered -= 1
      if (!outcome) return
      window().add(failed, slow)
      decide()
    }
    return {
      success: (ms) => tell(ms >= policy.slowMs ? 'slow' : 'success', false, ms >= policy.slowMs),
      failure: (ms) => tell('failure', true, ms >= policy.slowMs),
      release: () => tell(undefined, false, false),
    }
  }
  const waitMs = (): number => Math.max(1, since + policy.openMs - clock())
  const overdue = (): boolean => clock() - since >= policy.openMs
  const trialOrWait = (): Permit | number => (entered < policy.halfOpenTrials ? permit() : waitMs())

  const enter: Record<BreakerState, () => Permit | number> = {
    closed: permit,
    disabled: permit,
    open: () => {
      if (!overdue()) return waitMs()
      begin('half-open')
      return permit()
    },
    'half-open': () => {
      // A trial whose result never came must not keep the breaker half-open for ever.
      if (entered >= policy.halfOpenTrials && overdue()) begin('half-open')
      return trialOrWait()
    },
    'forced-open': () => policy.openMs,
    'forced-half-open': trialOrWait,
  }

  return {
    get state() {
      return state
    },
    get failureRate() {
      return window().failureRate
    },
    get slowRate() {
      return window().slowRate
    },
    get bufferedCalls() {
      return window().calls
    },
    enter: () => enter[state](),
    choose: begin,
  }
}
