import { spreadOf, type Fact, type Finding } from './comparison.ts'
import { kinds, type Kind } from './kinds.ts'
import type { EntryType } from './postings.ts'

/** Sums of one place in one currency, minor units. */
interface Sums {
  captured: number
  refunded: number
}

/** What the places say in one currency, and how far apart they are. */
export interface CurrencyTotal {
  readonly currency: string
  readonly books: Sums
  readonly payments: Sums
  readonly gateway: Sums
  /** How far apart the places are about each fact that is wrong, summed: errors do not make up for each other. */
  difference: number
}

/** What a run of reconciliation found. */
export interface Summary {
  /** Captures and refunds that any place knows of. */
  readonly facts: number
  readonly differences: number
  readonly byKind: Readonly<Record<Kind, number>>
  readonly inFlight: number
  readonly oldestInFlightSeconds: number
  readonly totals: readonly CurrencyTotal[]
}

/** Findings of each state that are kept with a run; the summary counts all. */
export const keptOfEach = 1000

/** Counts what a run comes by. @param now what ages are measured to */
export function tally(now: Date) {
  const totals = new Map<string, CurrencyTotal>()
  const byKind = Object.fromEntries(kinds.map((kind) => [kind, 0])) as Record<Kind, number>
  const counts = { facts: 0, differences: 0, inFlight: 0 }
  const kept: Record<Finding['state'], Finding[]> = { difference: [], in_flight: [] }
  let oldestInFlightSeconds = 0

  const totalOf = (currency: string): CurrencyTotal => {
    const none = () => ({ captured: 0, refunded: 0 })
    const places = { books: none(), payments: none(), gateway: none() }
    const known = totals.get(currency) ?? { currency, ...places, difference: 0 }
    totals.set(currency, known)
    return known
  }

  return {
    /** Adds what each place says of a fact, right or wrong. */
    fact: (type: EntryType, { books, payments, gateway }: Fact): void => {
      counts.facts += 1
      const column = type === 'capture' ? 'captured' : 'refunded'
      const settled = payments?.isSettled === true ? payments : undefined
      if (payments) totalOf(payments.currency)
      for (const [place, said] of Object.entries({ books, payments: settled, gateway }))
        if (said) totalOf(said.currency)[place as 'books'][column] += said.amount
    },
    finding: (found: Finding): void => {
      const { state, since, currency } = found
      if (kept[state].length < keptOfEach) kept[state].push(found)
      if (state === 'in_flight') {
        counts.inFlight += 1
        const seconds = (now.getTime() - since.getTime()) / 1000
        oldestInFlightSeconds = Math.max(oldestInFlightSeconds, seconds)
        return
      }
      counts.differences += 1
      for (const kind of found.kinds) byKind[kind] += 1
      if (currency !== null) totalOf(currency).difference += spreadOf(found)
    },
    summary: (): Summary => ({
      ...{ ...counts, byKind, oldestInFlightSeconds },
      totals: [...totals.values()].sort((one, other) => (one.currency < other.currency ? -1 : 1)),
    }),
    findings: (): readonly Finding[] => [...kept.difference, ...kept.in_flight],
  }
}
