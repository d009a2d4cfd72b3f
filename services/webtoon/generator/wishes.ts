import { peakOf, type Scenario } from './scenarios.ts'

/** Where the events go: through the gateway as clients do, or straight to the topic. */
export const targets = ['gateway', 'kafka'] as const
export type Target = (typeof targets)[number]

/** The highest rate, bursts included, that a run may ask for. */
export const fastest = 10_000

/** What a caller of start may say. */
export interface Wishes {
  readonly eps?: number | undefined
  readonly scenario?: Scenario | undefined
  readonly target?: Target | undefined
  readonly duration?: number | undefined
  readonly contentPool?: number | undefined
  readonly userPool?: number | undefined
  readonly seed?: number | undefined
}

/** All parameters of a run. */
export interface Parameters {
  /** Events per second outside of bursts. */
  readonly eps: number
  readonly scenario: Scenario
  readonly target: Target
  /** Seconds; null: until stopped. */
  readonly duration: number | null
  readonly contentPool: number
  readonly userPool: number
  readonly seed: number
}

/** Numbers of a run whose caller says nothing; the settings of the service. */
export type Defaults = Pick<Parameters, 'eps' | 'contentPool' | 'userPool'>

/** Parameters from wishes; those that are absent come from the settings. */
export const parametersOf = (wishes: Wishes, defaults: Defaults): Parameters => ({
  eps: wishes.eps ?? defaults.eps,
  scenario: wishes.scenario ?? 'NORMAL',
  target: wishes.target ?? 'gateway',
  duration: wishes.duration ?? null,
  contentPool: wishes.contentPool ?? defaults.contentPool,
  userPool: wishes.userPool ?? defaults.userPool,
  seed: wishes.seed ?? 1,
})

/** Whether two runs are the same. */
export const sameRun = (one: Parameters, other: Parameters): boolean =>
  JSON.stringify(one) === JSON.stringify(other)

/** Whether the peak of a run goes beyond what a run may ask for. */
export const tooFast = ({ eps, scenario }: Pick<Parameters, 'eps' | 'scenario'>): boolean =>
  eps * peakOf(scenario) > fastest
