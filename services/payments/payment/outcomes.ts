import type { Mariadb, Queryable } from '../../kit/mariadb.ts'
import { report } from '../kit/reports.ts'
import { authorized, captureRequested, voided } from '../topics.ts'
import { finalAnswer, type Origin } from './answers.ts'
import type { Events } from './events.ts'
import type { Final } from './gateway-calls.ts'
import { factOf, type Payment } from './payments.ts'
import type { Replays } from './replays.ts'
import { keepAnswer, move, type Answer, type Move } from './store.ts'

/** What an outcome is written with. */
export interface Books {
  readonly database: Mariadb
  readonly replays: Replays
  readonly events: Events
  /** When an authorisation that nobody captures is let go. */
  readonly times: { readonly voidAfterMs: number }
}

/**
 * Writes the gateway’s word about an authorisation: state, history, events and answer, all or none.
 * @returns the final answer; undefined when this attempt was overtaken
 */
export async function finalise(
  books: Books,
  payment: Payment,
  { verdict, origin }: { verdict: Final; origin: Origin },
): Promise<Answer | undefined> {
  const wish = moveBy(verdict, payment, books.times)
  const ended = await books.database.transaction(async (tx) => {
    const moved = await move(tx, payment, wish)
    if (!moved) return undefined
    const answer = finalAnswer(moved, origin)
    await keepAnswer(tx, moved, answer)
    if (verdict.kind === 'approved') await announce(tx, moved, verdict)
    return { moved, answer }
  })
  if (!ended) return undefined
  const { moved, answer } = ended
  const { merchantId, key, requestHash } = moved
  // Redis comes after the commit, or it would answer for what never was.
  await books.replays.keep(merchantId, key, { ...answer, requestHash })
  books.events.moved(moved, wish.to)
  return answer
}

/** Writes that the gateway has let go of an authorisation. Undefined: this attempt was overtaken. */
export async function finishVoid(books: Books, payment: Payment): Promise<Payment | undefined> {
  const to = ['VOIDED'] as const
  const moved = await books.database.transaction(async (tx) => {
    const done = await move(tx, payment, { to })
    if (!done) return undefined
    const value = { ...factOf(done, done.version), status: 'VOIDED' } as const
    await report(tx, voided, value)
    return done
  })
  if (moved) books.events.moved(moved, to)
  return moved
}

function moveBy(verdict: Final, { capture }: Payment, { voidAfterMs }: Books['times']): Move {
  if (verdict.kind !== 'approved') return { to: ['AUTH_FAILED'], reason: verdict.code }
  const { approvalNumber, transactionId } = verdict
  return capture === 'manual'
    ? { to: ['AUTHORIZED'], approvalNumber, transactionId, lookAfterMs: voidAfterMs }
    : { to: ['AUTHORIZED', 'CAPTURE_REQUESTED'], approvalNumber, transactionId }
}

async function announce(
  tx: Queryable,
  payment: Payment,
  { approvalNumber, transactionId }: { approvalNumber: string; transactionId: string },
): Promise<void> {
  const approval = { approvalNumber, transactionId }
  const isManual = payment.status === 'AUTHORIZED'
  const version = isManual ? payment.version : payment.version - 1
  const held = { ...factOf(payment, version), ...approval, status: 'AUTHORIZED' } as const
  await report(tx, authorized, held)
  if (!isManual) await requestCapture(tx, payment)
}

/** Asks for the capture of what is held. */
export async function requestCapture(tx: Queryable, payment: Payment): Promise<void> {
  const { approvalNumber, transactionId, version } = payment
  if (approvalNumber === null || transactionId === null)
    throw new Error(`${payment.paymentId} is to be captured and was never approved.`)
  const value = {
    ...{ ...factOf(payment, version), approvalNumber, transactionId },
    status: 'CAPTURE_REQUESTED',
  } as const
  await report(tx, captureRequested, value)
}
