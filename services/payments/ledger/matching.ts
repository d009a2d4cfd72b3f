import type { Line } from './csv.ts'
import type { Result } from './results.ts'

/** What is known here of the operations of some lines, by type and key. */
export interface Known {
  /** Whether an earlier file has it. */
  isReported(operation: Operation): boolean
  booked(operation: Operation): { readonly amount: number; readonly currency: string } | undefined
  /** Undefined: the payment API does not know it. */
  isSettled(operation: Operation): boolean | undefined
}

export type Operation = Pick<Line, 'type' | 'key'>

/** A line’s result, and what the books say. */
export interface Matched extends Line {
  readonly result: Result
  readonly bookedAmount: number | null
  readonly bookedCurrency: string | null
}

/** @param seen operations of the lines before; those of these lines are added */
export const matchedWith = (known: Known, seen: Set<string>) => {
  const resultOf = (line: Line): Result => {
    const name = `${line.type} ${line.key}`
    if (seen.has(name) || known.isReported(line)) return 'duplicate'
    seen.add(name)
    if (known.isSettled(line) === false) return 'status'
    const booked = known.booked(line)
    if (booked === undefined) return 'missing_in_books'
    if (booked.currency !== line.currency) return 'currency'
    return booked.amount === line.amount ? 'matched' : 'amount'
  }
  return (line: Line): Matched => {
    const booked = known.booked(line)
    const said = { bookedAmount: booked?.amount ?? null, bookedCurrency: booked?.currency ?? null }
    return { ...line, result: resultOf(line), ...said }
  }
}
