import type { BreakerPolicy, BreakerState, ChosenState } from '../model/breaker.ts'
import { countWindow, type CountWindow, type WindowCounts } from './breaker-window.ts'

/** Leave for one call. Exactly one of the three is told; what comes after the first is ignored. */
export interface Permit {
  /** @param ms how long the call took */
  success(ms: number): void
  failure(ms: number): void
  /** The call said nothing about the callee, e.g. because its own caller went away. */
  release(): void
}

/** What people see of a breaker, and how they put it into a state by hand. */
export interface Controls {
  readonly state: BreakerState
  /** Since it came into its state. */
  readonly counts: WindowCounts
  /** Shares of the window, 0 to 1; undefined while too few calls are in it to judge. */
  readonly failureRate: number | undefined
  readonly slowRate: number | undefined
  /** Calls that it has let nobody make, ever. */
  readonly notPermitted: number
  /** `closed` gives it back to its own rules, with an empty window. */
  choose(state: ChosenState): void
}

/** The state machine of one breaker, without time of its own. */
export interface Machine extends Controls {
  /** Leave for one call, or the milliseconds after which asking makes sense again. */
  enter(): Permit | number
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
  since: number
  readonly window: CountWindow
  /** Trials that were let in, less those that gave their place back, and those of earlier rounds that are not heard of. */
  entered: number
  /** How often its trials were waited for in vain, so that as many more were let in. */
  round: number
}

/**
 * Rules as in resilience4j: rates are compared with ≥ once `minimumCalls` are in the window; open becomes half-open
 * after `openMs` by itself; half-open lets `halfOpenTrials` calls pass and decides by the same rates when all have
 * answered, or after another `openMs` by those that have. Where some have not, it lets as many more pass, and decides by
 * whichever answer first: a call may take longer than `openMs`. Results of calls that began in an earlier state are
 * ignored.
 */
export function breakerMachine(
  policy: BreakerPolicy,
  clock: () => number,
  events: MachineEvents,
): Machine {
  const eraOf = (state: BreakerState): Era => {
    const size = state === 'half_open' ? policy.halfOpenTrials : policy.window
    return { state, since: clock(), window: countWindow(size), entered: 0, round: 0 }
  }
  let era = eraOf('closed')
  let notPermitted = 0
  const begin = (state: BreakerState): void => {
    const from = era.state
    era = eraOf(state)
    events.onState(state, from)
  }
  /** Whoever looks finds it as it is by now: a breaker needs no timer. */
  const current = (): Era => {
    const isPassing = era.state === 'open' || era.state === 'half_open'
    const next = isPassing && clock() - era.since >= policy.openMs && waited(era, policy, clock())
    if (next) begin(next)
    return era
  }
  const permit = (): Permit => {
    const born = era
    const { round } = born
    born.entered += 1
    return permitOf(policy, (outcome, slow) => {
      if (outcome) events.onOutcome(outcome)
      if (born !== era) return
      if (round !== era.round) era.entered += 1 // its place was given away meanwhile
      const next = settled(era, policy, outcome && { failed: outcome === 'failure', slow })
      if (next) begin(next)
    })
  }
  return {
    get state() {
      return current().state
    },
    get counts() {
      return current().window
    },
    get failureRate() {
      return rate(current(), policy, 'failed')
    },
    get slowRate() {
      return rate(current(), policy, 'slow')
    },
    get notPermitted() {
      return notPermitted
    },
    enter: () => {
      if (mayPass(current(), policy)) return permit()
      notPermitted += 1
      return Math.max(1, era.since + policy.openMs - clock())
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
    case 'forced_open':
      return false
    case 'half_open':
    case 'forced_half_open':
      return !full(era, policy)
  }
}

/** A share of the window; undefined while there are too few calls to judge by. */
function rate(
  { state, window }: Era,
  { halfOpenTrials, minimumCalls }: BreakerPolicy,
  kind: 'failed' | 'slow',
): number | undefined {
  const enough = state === 'half_open' ? halfOpenTrials : minimumCalls
  return window.calls < enough ? undefined : window[kind] / window.calls
}

/** What follows when its time is over; nothing while nobody asks. */
function waited(era: Era, policy: BreakerPolicy, now: number): BreakerState | undefined {
  const { state, window, entered } = era
  if (state === 'open') return 'half_open'
  if (window.calls === entered) return verdict(era, policy, 1)
  if (full(era, policy)) renew(era, now)
  return undefined
}

/** A trial whose result never comes must not hold it there for ever; one that comes late is heard all the same. */
function renew(era: Era, now: number): void {
  era.since = now
  era.round += 1
  era.entered = era.window.calls
}

/** What the rates of the window say; nothing, if they are of less than `least` calls. */
function verdict(
  { window: { calls, failed, slow } }: Era,
  { failureRate, slowRate }: BreakerPolicy,
  least: number,
): 'open' | 'closed' | undefined {
  if (calls < least) return undefined
  return failed / calls >= failureRate || slow / calls >= slowRate ? 'open' : 'closed'
}

/** Writes a result down; the state that follows from it, if another does. No result: the place is given back. */
function settled(
  era: Era,
  policy: BreakerPolicy,
  result: { failed: boolean; slow: boolean } | undefined,
): BreakerState | undefined {
  const { state, window } = era
  if (!result || state === 'forced_half_open') era.entered -= 1
  if (!result) return undefined
  window.add(result.failed, result.slow)
  if (state === 'half_open') return verdict(era, policy, policy.halfOpenTrials)
  const isBroken = state === 'closed' && verdict(era, policy, policy.minimumCalls) === 'open'
  return isBroken ? 'open' : undefined
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
