import type { Actor } from '../../kit/auth.ts'
import type { Queryable } from '../../kit/mariadb.ts'
import { Problem } from '../../kit/problem.ts'
import { Objection } from './objection.ts'
import type { Request } from './requests.ts'
import { deadRequests, lockRequest, noteAct, reopenRequest } from './store.ts'
import type { Worker } from './worker.ts'

type Parts = Pick<Worker, 'statements' | 'trade'>

/**
 * Takes a request up again that was given up, and notes who wanted it. False: it was not given up, so nothing is done.
 * @throws Objection
 */
export async function reopen(
  tx: Queryable,
  { statements, trade }: Parts,
  { request, actor }: { request: Request; actor: Actor },
): Promise<boolean> {
  if (!request.isDead) return false
  const objection = await trade.objectionTo(tx, request)
  if (objection !== undefined) throw new Objection('NOT_REPLAYABLE', objection)
  if (!(await reopenRequest(tx, statements, request))) return false
  await noteAct(tx, statements, { id: request.id, action: 'reopened', actor })
  return true
}

/** What came of replaying several. */
export interface Replayed {
  readonly reopened: readonly string[]
  /** Why others were not. */
  readonly refused: readonly { readonly id: string; readonly reason: string }[]
}

/** Takes up again what was given up, oldest first. Each is a transaction of its own. */
export async function replayAll(
  worker: Worker,
  { limit, actor }: { limit: number; actor: Actor },
): Promise<Replayed> {
  const ids = await deadRequests(worker.database, worker.statements, limit)
  const reopened: string[] = []
  const refused: { id: string; reason: string }[] = []
  for (const id of ids)
    try {
      await replayOne(worker, { id, actor })
      reopened.push(id)
    } catch (error) {
      if (!(error instanceof Problem) || error.status === 503) throw error
      refused.push({ id, reason: error.message })
    }
  return { reopened, refused }
}

/** Takes up one again. @throws Problem 404; 409 where it was not given up, or must not be taken up again */
export async function replayOne(
  worker: Worker,
  { id, actor }: { id: string; actor: Actor },
): Promise<void> {
  const { database, statements } = worker
  await database.transaction(async (tx) => {
    const request = await lockRequest(tx, statements, id)
    if (!request) throw new Problem(404, 'NO_SUCH_REQUEST', `There is no request ${id}.`)
    const done = await reopen(tx, worker, { request, actor }).catch((error: unknown) => {
      throw error instanceof Objection ? new Problem(409, error.code, error.message) : error
    })
    if (!done) throw notGivenUp(request)
  })
}

const notGivenUp = ({ id, status }: Request): Problem =>
  new Problem(
    409,
    'NOT_GIVEN_UP',
    status === 'FAILED'
      ? `The gateway has decided against ${id}; it would say the same again.`
      : `${id} is ${status}.`,
    { members: { status } },
  )
