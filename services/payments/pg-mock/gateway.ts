import { randomBytes } from 'node:crypto'
import pLimit from 'p-limit'
import type { Context } from '../../kit/context.ts'
import type { Mariadb, Queryable } from '../../kit/mariadb.ts'
import { Problem, unavailable } from '../../kit/problem.ts'
import type { Behaviours } from './behaviour.ts'
import { calls } from './metrics.ts'
import type service from './service.ts'
import * as books from './store.ts'
import type { Call, Operation, OperationType, Outcome } from './store.ts'

/** What a caller wants done under a key. */
export interface Wish {
  readonly key: string
  readonly type: OperationType
  /** What it builds on; null for an authorisation. */
  readonly baseKey: string | null
  readonly merchantId: string | null
  readonly amount: number
  readonly currency: string
}

/** What came of a call: what is decided about the key, and what the log says of this call. */
interface Answer {
  readonly operation: Operation
  readonly outcome: Outcome
}

/** The gateway’s decisions, each with its row in the log. */
export interface Gateway {
  /** @throws Problem 503 for a failure without effect, 422 when the key stands for something else */
  operate(wish: Wish): Promise<Operation>
  /** @throws Problem 503 for a failure without effect, 409 when it was captured */
  voided(key: string): Promise<Operation>
}

/** Decisions at once; others wait here for as long as their callers do, rather than be refused by the pool. */
const atOnce = 12

export function gateway(
  { meter }: Context<typeof service>,
  database: Mariadb,
  behaving: Behaviours,
): Gateway {
  const turn = pLimit(atOnce)
  const answer = async (
    call: Omit<Call, 'outcome'>,
    work: (tx: Queryable) => Promise<Answer>,
  ): Promise<Answer> => {
    const failed = Math.random() < behaving.of(call.type).failureRate
    const { operation, outcome } = failed
      ? await noted(database, call, 'failed')
      : await turn(() => database.transaction((tx) => decidedIn(tx, call, work), readCommitted))
    meter.add(calls, { type: call.type, outcome })
    if (outcome === 'failed' || !operation) throw interrupted()
    return { operation, outcome }
  }
  return {
    operate: async (wish) => {
      const isDeclined = Math.random() < behaving.of(wish.type).declineRate
      const { operation, outcome } = await answer(wish, (tx) => operate(tx, wish, isDeclined))
      if (outcome === 'refused') throw keyReused(wish.key)
      return operation
    },
    voided: async (key) => {
      const call = { type: 'void', key, amount: null, currency: null } as const
      const { operation, outcome } = await answer(call, (tx) => letGo(tx, key))
      if (outcome === 'refused') throw captured(key)
      return operation
    },
  }
}

const readCommitted = { isolation: 'read committed' } as const

type Noted = { readonly operation?: Operation; readonly outcome: Outcome }

/** Decision and log together, or neither. */
async function decidedIn(
  tx: Queryable,
  call: Omit<Call, 'outcome'>,
  work: (tx: Queryable) => Promise<Answer>,
): Promise<Noted> {
  const answer = await work(tx)
  await noted(tx, call, answer.outcome)
  return answer
}

async function noted(db: Queryable, call: Omit<Call, 'outcome'>, outcome: Outcome): Promise<Noted> {
  await books.logCall(db, { ...call, outcome })
  return { outcome }
}

async function operate(tx: Queryable, wish: Wish, isDeclined: boolean): Promise<Answer> {
  const code = isDeclined ? 'PG_DECLINED' : await objection(tx, wish)
  const made = { ...wish, ...(code === undefined ? approval(wish.type) : refusal(code)) }
  const isNew = await books.decide(tx, made)
  const operation = await books.operationOf(tx, wish.key)
  if (!operation) throw new Error(`There is no decision about ${wish.key} after one was made.`)
  if (isNew) return { operation, outcome: made.result }
  return { operation, outcome: isSame(operation, wish) ? 'replayed' : 'refused' }
}

/** Why what it builds on does not allow it; that row is locked, so that two do not take the same money. */
async function objection(tx: Queryable, wish: Wish): Promise<string | undefined> {
  if (wish.baseKey === null) return undefined
  const base = await books.lockOperation(tx, wish.baseKey)
  const wanted = wish.type === 'capture' ? 'authorize' : 'capture'
  if (base?.type !== wanted || base.result !== 'approved') return `PG_NOT_${ended[wanted]}`
  if (base.currency !== wish.currency) return 'PG_OTHER_CURRENCY'
  const used = await books.usedOf(tx, base.key, wish.type)
  return used + wish.amount > (base.amount ?? 0) ? 'PG_EXCEEDED' : undefined
}

const ended = { authorize: 'AUTHORIZED', capture: 'CAPTURED' } as const

/** An authorisation that is let go, or will never come. */
async function letGo(tx: Queryable, key: string): Promise<Answer> {
  const tombstone = {
    ...({ key, type: 'authorize', result: 'voided', code: 'PG_VOIDED' } as const),
    ...{ baseKey: null, merchantId: null, amount: null, currency: null },
    ...{ approvalNumber: null, transactionId: null },
  }
  const isNew = await books.decide(tx, tombstone)
  const operation = await books.lockOperation(tx, key)
  if (!operation) throw new Error(`There is no decision about ${key} after one was made.`)
  if (isNew) return { operation, outcome: 'tombstone' }
  if (operation.result !== 'approved') return { operation, outcome: 'replayed' }
  if ((await books.usedOf(tx, key, 'capture')) > 0) return { operation, outcome: 'refused' }
  await books.markVoided(tx, key)
  return { operation: { ...operation, result: 'voided' }, outcome: 'voided' }
}

/** A tombstone has no amount, and refuses whatever comes for its key. */
const isSame = ({ type, amount, currency, result }: Operation, wish: Wish): boolean =>
  type === wish.type &&
  ((result === 'voided' && amount === null) ||
    (amount === wish.amount && currency === wish.currency))

const prefixes = { authorize: 'txn_', capture: 'txn_', refund: 'cancel_' } as const

const approval = (type: OperationType) => ({
  result: 'approved' as const,
  code: '0000',
  approvalNumber: type === 'authorize' ? `APP${hex().toUpperCase()}` : null,
  transactionId: prefixes[type] + hex(),
})

const refusal = (code: string) => ({
  result: 'declined' as const,
  code,
  approvalNumber: null,
  transactionId: null,
})

const hex = (): string => randomBytes(4).toString('hex')

const interrupted = (): Problem =>
  unavailable('PG_INTERRUPTED', 'Something broke before anything was done; send the same again.')

const keyReused = (key: string): Problem =>
  new Problem(422, 'PG_KEY_REUSED', `The key ${key} stands for another operation; use a new one.`)

const captured = (key: string): Problem =>
  new Problem(409, 'PG_CAPTURED', `The authorisation ${key} was captured; refund it instead.`)
