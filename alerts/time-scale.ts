import type { Rule } from './rule.ts'
import type { RuleFile } from './rules.ts'

/** PromQL durations that rules use. */
const unitSeconds = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400 } as const

/** What stands before the limit of a rule about a time that something waits. */
const comparesAge = /^time\(\) - |_(age|oldest)_seconds\b/

/**
 * The same rules in another time: windows and `for` are multiplied, limits stay. Drills run them at a tenth, so that an
 * hour's window takes six minutes.
 * @param scale 1 as committed; over 0
 */
export const inTimeScale = (files: readonly RuleFile[], scale: number): readonly RuleFile[] =>
  files.map(({ name, rules }) => ({ name, rules: rules.map((rule) => scaled(rule, scale)) }))

/** A PromQL duration, e.g. `5m`, times `scale`; in whole seconds, one at least. */
export const scaledDuration = (duration: string, scale: number): string =>
  scale === 1 ? duration : `${Math.max(1, Math.round(secondsOf(duration) * scale))}s`

/** Seconds of a PromQL duration of one unit. @throws Error when it is none */
export function secondsOf(duration: string): number {
  const [, number, unit] = /^(\d+)(ms|[smhd])$/.exec(duration) ?? []
  if (number === undefined || unit === undefined)
    throw new Error(`"${duration}" is no duration of one unit, such as 5m.`)
  return Number(number) * unitSeconds[unit as keyof typeof unitSeconds]
}

/** How long after its cause a rule may take to fire, in seconds: its longest window, its `for`, the age it waits for. */
export function slownessOf({ expr, for: lasting }: Rule): number {
  const windows = [...expr.matchAll(ranges)].map(([, range = '0s']) => secondsOf(range))
  return Math.max(0, ...windows) + secondsOf(lasting) + (ageIn(expr) ?? 0)
}

const ranges = /\[(\d+(?:ms|[smhd]))\]/g
const limit = / > (\d+(?:\.\d+)?)$/

const ageIn = (expr: string): number | undefined =>
  comparesAge.test(expr) ? Number(limit.exec(expr)?.[1] ?? 0) : undefined

function scaled(rule: Rule, scale: number): Rule {
  const expr = rule.expr.replace(ranges, (_, range: string) => `[${scaledDuration(range, scale)}]`)
  return { ...rule, expr, for: scaledDuration(rule.for, scale) }
}
