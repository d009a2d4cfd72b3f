import type { Options, Scenario } from 'k6/options'

/** How a load comes: so many iterations a second, whether or not earlier ones are through. */
export interface Shape {
  /** Iterations a second at its height. */
  readonly rate: number
  /** Parts of the rate and for how long it is approached; one that is the rate from the start has none. */
  readonly ramp?: readonly { readonly seconds: number; readonly share: number }[]
  readonly seconds: number
  /** Of `./maru load --short`. */
  readonly short: { readonly rate: number; readonly seconds: number }
  /** How long an iteration may take when all is well: for so many of them there is room from the start. */
  readonly iterationSeconds: number
}

type Thresholds = NonNullable<Options['thresholds']>

/** What every load wants; `./maru load` adds that none is dropped. */
const always: Thresholds = {
  http_req_failed: ['rate<0.001'],
  payment_errors: ['rate<0.001'],
  checks: ['rate>0.999'],
}

/** Virtual users are made before they are needed; those beyond them when the platform is slow. */
const fewest = 20
const spare = 4

/** @param thresholds beside that fewer than one in a thousand fails */
export function optionsOf(shape: Shape, thresholds: Thresholds): Options {
  const isShort = __ENV['SHORT'] === 'true'
  const rate = Number(__ENV['RATE'] ?? (isShort ? shape.short.rate : shape.rate))
  const seconds = isShort ? shape.short.seconds : shape.seconds
  return {
    scenarios: { load: scenarioOf(shape, { rate, seconds }) },
    thresholds: { ...always, ...thresholds },
    summaryTrendStats: ['avg', 'p(90)', 'p(95)', 'p(99)', 'max'],
  }
}

function scenarioOf(
  { ramp, iterationSeconds }: Shape,
  { rate, seconds }: { rate: number; seconds: number },
): Scenario {
  const atOnce = Math.max(fewest, Math.ceil(rate * iterationSeconds))
  const room = { preAllocatedVUs: atOnce, maxVUs: spare * atOnce }
  if (!ramp) return { executor: 'constant-arrival-rate', rate, duration: `${seconds}s`, ...room }
  const whole = ramp.reduce((sum, part) => sum + part.seconds, 0)
  const stages = ramp.map(({ seconds: part, share }) => ({
    duration: `${Math.max(1, Math.round((part / whole) * seconds))}s`,
    target: Math.round(share * rate),
  }))
  return { executor: 'ramping-arrival-rate', startRate: Math.ceil(rate / 20), stages, ...room }
}

/** Everything that k6 counted, into the file of which `./maru load` makes its report. */
export const handleSummary = (data: unknown): Record<string, string> => ({
  [__ENV['SUMMARY'] ?? 'stdout']: `${JSON.stringify(data)}\n`,
})
