/** Accounts of the books. A capture is money that the gateway owes, so the receivable is debited. */
export type Account = 'merchant_receivable' | 'cash'
export type EntryType = 'capture' | 'refund'
export type Side = 'debit' | 'credit'

/** Something that happened to money once, whoever tells how often. */
export interface Fact {
  readonly type: EntryType
  /** The payment of a capture, the refund of a refund. */
  readonly businessId: string
  readonly paymentId: string
  readonly merchantId: string
  /** Minor units. */
  readonly amount: number
  readonly currency: string
  readonly occurredAt: Date
}

/** One row of the books. */
export interface Posting extends Fact {
  readonly side: Side
  readonly account: Account
}

/** Which account each side of a fact goes to. */
export const accounts: Readonly<Record<EntryType, Readonly<Record<Side, Account>>>> = {
  capture: { debit: 'merchant_receivable', credit: 'cash' },
  refund: { debit: 'cash', credit: 'merchant_receivable' },
}

/** Both postings of a fact. */
export const postingsOf = (fact: Fact): readonly [Posting, Posting] => [
  { ...fact, side: 'debit', account: accounts[fact.type].debit },
  { ...fact, side: 'credit', account: accounts[fact.type].credit },
]
