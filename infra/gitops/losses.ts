import type { FieldChange } from './diff.ts'

/** What Kafka does where a topic does not say (https://kafka.apache.org/documentation/#topicconfigs). */
const unsaid: readonly (readonly [RegExp, number])[] = [
  [/retention\.ms/, 604_800_000],
  [/retention\.bytes/, Number.POSITIVE_INFINITY],
  [/min\.insync\.replicas/, 1],
]

/** Whether an amount shrinks: partitions, a volume, the time or the bytes that are kept. */
export function less({ field, before, after }: FieldChange): boolean {
  const fallback = unsaid.find(([name]) => name.test(field))?.[1]
  const [was, is] = [amount(before) ?? fallback, amount(after) ?? fallback]
  return was !== undefined && is !== undefined && is < was
}

const factors: Readonly<Record<string, number>> = {
  '': 1,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  m: 60,
  s: 1,
  h: 3600,
  d: 86_400,
  w: 604_800,
}

/** A count, `10Gi`, `48h`, milliseconds; −1 is Kafka's word for no limit. */
function amount(value: unknown): number | undefined {
  const [, digits, unit = ''] = /^(-?\d+(?:\.\d+)?)([A-Za-z]*)$/.exec(String(value ?? '')) ?? []
  const factor = factors[unit]
  if (digits === undefined || factor === undefined) return undefined
  return digits === '-1' ? Number.POSITIVE_INFINITY : Number(digits) * factor
}

const keeps = /retain|skip|^false$|Prune=false|Delete=false/i

const takes = /^(delete|true)$/i

/**
 * Whether a policy does not keep the data any more, or takes it from now on. Where nothing is said some operators keep
 * and some do not: it counts as the worse.
 */
export const loosened = ({ before, after }: FieldChange): boolean =>
  words(before).some((word) => keeps.test(word) && !words(after).includes(word)) ||
  words(after).some((word) => takes.test(word) && !words(before).includes(word))

const words = (value: unknown): readonly string[] =>
  value === undefined ? [] : String(value).split(',')
