import type { Verdict } from './gateway-calls.ts'
import type { Request } from './requests.ts'
import { stepAfter, type Step } from './schedule.ts'
import { endRequest, giveBackRequest, postponeRequest } from './store.ts'
import type { Worker } from './worker.ts'

/** Writes what a try came to. The end of a request and its report are there together, or neither. */
export async function conclude(worker: Worker, request: Request, verdict: Verdict): Promise<void> {
  const { database, statements, events } = worker
  const step = stepAfter(verdict, request, worker.times)
  if (step.to === 'UNTRIED')
    return void (await giveBackRequest(database, statements, request, step.afterMs))
  const isMine =
    step.to === 'PENDING'
      ? await postpone(worker, request, { verdict, step })
      : await end(worker, request, { verdict, step })
  if (!isMine) return events.overtaken(request)
  if (step.to !== 'PENDING') events.ended(request, step.to, step.to === 'FAILED' && step.isDead)
}

type Waiting = Extract<Step, { to: 'PENDING' }>
type Ending = Extract<Step, { to: 'SUCCESS' | 'FAILED' }>

const postpone = (
  { database, statements }: Worker,
  request: Request,
  { verdict: { code, message }, step }: { verdict: Verdict; step: Waiting },
): Promise<boolean> =>
  postponeRequest(database, statements, request, {
    ...{ code, message, afterMs: step.afterMs },
    isFailure: step.counts === 'failed',
    isUnknown: step.counts === 'unknown',
  })

const end = (
  { database, statements, trade }: Worker,
  request: Request,
  { verdict, step }: { verdict: Verdict; step: Ending },
): Promise<boolean> =>
  database.transaction(async (tx) => {
    const { code, message } = verdict
    const isMine = await endRequest(tx, statements, request, {
      ...{ status: step.to, code, message },
      transactionId: step.to === 'SUCCESS' ? step.transactionId : null,
      isFailure: verdict.kind === 'failed',
      isDead: step.to === 'FAILED' && step.isDead,
    })
    if (!isMine) return false
    if (step.to === 'SUCCESS') await trade.reportDone(tx, request)
    else await trade.reportFailed(tx, request, { code, message, isFinal: !step.isDead })
    return true
  })
