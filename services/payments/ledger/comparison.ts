import type { Booked, Charged, Evidence, Paid } from './evidence.ts'
import type { Joined } from './joined.ts'
import { kinds, type Kind } from './kinds.ts'
import type { EntryType } from './postings.ts'

/** What all places say of one capture or refund. */
export type Fact = Joined<{ books: Booked; payments: Paid; gateway: Charged }>

/** Something that does not agree, or has not come to its end. */
export interface Finding {
  /** `in_flight`: changed a moment ago, or waiting for its end; the rest is wrong. */
  readonly state: 'difference' | 'in_flight'
  readonly subject: EntryType | 'event'
  readonly id: string
  /** Empty for what only waits. */
  readonly kinds: readonly Kind[]
  readonly paymentId: string | null
  readonly merchantId: string | null
  readonly currency: string | null
  /** What each place says, minor units; null where it knows nothing of it. */
  readonly debit: number | null
  readonly credit: number | null
  readonly payments: number | null
  readonly gateway: number | null
  /** The latest change that anybody knows of. */
  readonly since: Date
}

/** What reconciliation goes by. */
export interface Moment {
  readonly now: Date
  /** What changed less than this long ago is on its way. */
  readonly inFlightMs: number
}

/** What is to be said of a fact; undefined: all agree, and it has come to its end. */
export function judged(
  type: EntryType,
  fact: Fact,
  moment: Moment,
): (Finding & { readonly subject: EntryType }) | undefined {
  const { books, payments, gateway } = fact
  const found = kindsOf(fact)
  const isPending = payments?.isSettled === false
  if (found.length === 0 && !isPending) return undefined
  const words = [payments, books, gateway].filter((one) => one !== undefined)
  const since = new Date(Math.max(...words.map(({ at }) => at.getTime())))
  return {
    state: found.length > 0 && !isYoung(since, moment) ? 'difference' : 'in_flight',
    subject: type,
    kinds: found,
    id: words[0]?.id ?? fact.key,
    paymentId: first(words, 'paymentId'),
    merchantId: first(words, 'merchantId'),
    currency: first(words, 'currency'),
    debit: books?.debit ?? null,
    credit: books?.credit ?? null,
    payments: settled(fact)?.amount ?? null,
    gateway: gateway?.amount ?? null,
    since,
  }
}

/** Whether something changed so short a time ago that others may not have heard of it. */
export const isYoung = (at: Date, { now, inFlightMs }: Moment): boolean =>
  now.getTime() - at.getTime() < inFlightMs

/** How far apart the places are, minor units. */
export function spreadOf({ debit, credit, payments, gateway }: Finding): number {
  const amounts = [debit, credit, payments, gateway].map((amount) => amount ?? 0)
  return Math.max(...amounts) - Math.min(...amounts)
}

function kindsOf(fact: Fact): readonly Kind[] {
  const { books, gateway } = fact
  const payments = settled(fact)
  const words: readonly Evidence[] = [books, payments, gateway].filter((one) => one !== undefined)
  if (words.length === 0) return []
  const wrong: Readonly<Partial<Record<Kind, boolean>>> = {
    missing_in_books: books === undefined,
    missing_in_payments: payments === undefined,
    missing_in_gateway: gateway === undefined,
    unbalanced: books?.isWhole === false,
    amount: books?.isWhole !== false && differ(words.map(({ amount }) => amount)),
    currency: differ(words.map(({ currency }) => currency)),
    merchant: differ(words.flatMap(({ merchantId }) => merchantId ?? [])),
    charged_twice: (gateway?.times ?? 1) > 1,
  }
  return kinds.filter((kind) => wrong[kind] === true)
}

/** What the payment API says of money that has moved. */
const settled = ({ payments }: Fact): Paid | undefined =>
  payments?.isSettled === true ? payments : undefined

const differ = (values: readonly (string | number)[]): boolean => new Set(values).size > 1

const first = <Field extends 'paymentId' | 'merchantId' | 'currency'>(
  words: readonly Evidence[],
  field: Field,
): string | null => words.find((word) => word[field] !== null)?.[field] ?? null
