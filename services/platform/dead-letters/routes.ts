import { actorOf } from '../../kit/auth.ts'
import type { Handlers } from '../../kit/http.ts'
import { Problem } from '../../kit/problem.ts'
import { purgeAll } from '../../kit/purge.ts'
import type { api } from './api.ts'
import { judge, sendMany, verdicts } from './bulk.ts'
import { approve, edit, reject, theLetter } from './decisions.ts'
import type { State } from './states.ts'
import { sendBack, type SendingParts } from './sending.ts'
import {
  countByState,
  historyOf,
  openByCause,
  pageOfLetters,
  removal,
  wholeLetter,
} from './store.ts'
import type { Filter, Letter } from './store.ts'
import { briefView, entryView, wholeView } from './views.ts'

/** The gateway waits 10 s. */
const cleanUpWithinMs = 8000

/** Everything that is answered about dead letters. */
export function handlers(parts: SendingParts): Handlers<typeof api> {
  return { ...looking(parts), ...deciding(parts), ...sending(parts) }
}

interface Paging {
  readonly cursor?: string | undefined
  readonly size: number
}

const looking = ({
  database,
}: SendingParts): Pick<
  Handlers<typeof api>,
  'list' | 'pending' | 'get' | 'history' | 'statistics' | 'causes'
> => {
  const page = async (filter: Filter, { cursor: after, size }: Paging) => {
    const found = await pageOfLetters(database, filter, { after, size: size + 1 })
    const letters = found.slice(0, size)
    const last = found.length > size ? letters.at(-1) : undefined
    const headers = last ? { 'x-next-cursor': last.id } : {}
    return { status: 200, body: letters.map(briefView), headers }
  }
  return {
    list: ({ query: { topic, cause, state, ...paging } }) =>
      page({ topic, cause, states: state && [state] }, paging),
    pending: ({ query: { topic, cause, ...paging } }) =>
      page({ topic, cause, states: ['PENDING'] }, paging),
    get: async ({ params: { eventId }, query }) => ({
      status: 200,
      body: wholeView(await whole(database, await theLetter(database, eventId, query))),
    }),
    history: async ({ params: { eventId } }) => {
      const entries = await historyOf(database, eventId)
      if (entries.length === 0) await mustExist(database, eventId)
      return { status: 200, body: entries.map(entryView) }
    },
    statistics: async () => {
      const counts = await countByState(database)
      const of = (state: State): number => counts.find((one) => one.state === state)?.count ?? 0
      const total = counts.reduce((sum, { count }) => sum + count, 0)
      const [pending, approved] = [of('PENDING'), of('APPROVED')]
      const [rejected, reprocessed] = [of('REJECTED'), of('REPROCESSED')]
      return { status: 200, body: { total, pending, approved, rejected, reprocessed } }
    },
    causes: async ({ query: { topic } }) => ({
      status: 200,
      body: (await openByCause(database, topic)).map(({ oldest, newest, ...group }) => ({
        ...group,
        oldest: oldest.toISOString(),
        newest: newest.toISOString(),
      })),
    }),
  }
}

const deciding = (
  parts: SendingParts,
): Pick<Handlers<typeof api>, 'approve' | 'reject' | 'edit' | 'cleanup'> => {
  const { database } = parts
  return {
    approve: async ({ params: { eventId }, query, claims }) => {
      const letter = await theLetter(database, eventId, query)
      await approve(parts, letter, actorOf(claims))
      return decided(`${letter.eventId} is approved.`)
    },
    reject: async ({ params: { eventId }, query, claims }) => {
      const letter = await theLetter(database, eventId, query)
      await reject(parts, letter, actorOf(claims))
      return decided(`${letter.eventId} is rejected.`)
    },
    edit: async ({ params: { eventId }, query, body: { value }, claims }) => {
      const letter = await theLetter(database, eventId, query)
      await edit(parts, letter, { value, actor: actorOf(claims) })
      return decided(`${letter.eventId} has a new value.`)
    },
    cleanup: async ({ claims }) => {
      const time = AbortSignal.timeout(cleanUpWithinMs)
      const removedCount = await purgeAll(database, removal(actorOf(claims), 0), time)
      const message = `${removedCount} rejected and reprocessed letters are deleted.`
      return { status: 200, body: { success: true, message, removedCount } }
    },
  }
}

const decided = (message: string) => ({ status: 200, body: { success: true, message } })

const sending = (
  parts: SendingParts,
): Pick<Handlers<typeof api>, 'reprocess' | 'approveAndReprocess' | 'reprocessAll'> => {
  const { database } = parts
  const verdict = (letter: Letter) => ({
    eventId: letter.eventId,
    topic: letter.originalTopic,
    ...judge(parts, letter),
  })
  return {
    reprocess: async ({ params: { eventId }, query: { dryRun, ...place }, claims }) => {
      const letter = await theLetter(database, eventId, place)
      if (dryRun === 'true') return { status: 200, body: verdict(await whole(database, letter)) }
      await sendBack(parts, letter, actorOf(claims))
      return sent(letter)
    },
    approveAndReprocess: async ({ params: { eventId }, query, claims }) => {
      const letter = await theLetter(database, eventId, query)
      const actor = actorOf(claims)
      if (letter.state === 'PENDING') await approve(parts, letter, actor)
      await sendBack(parts, letter, actor)
      return sent(letter)
    },
    reprocessAll: async ({ query: { dryRun, approve: also, ...rest }, claims }) => {
      const wish = { ...rest, approve: also === 'true' }
      if (dryRun === 'false')
        return { status: 202, body: await sendMany(parts, wish, actorOf(claims)) }
      const { all, next } = await verdicts(parts, wish)
      const found = all.map(({ letter, verdict: told }) => ({
        eventId: letter.eventId,
        topic: letter.originalTopic,
        ...told,
      }))
      return { status: 200, body: { total: found.length, verdicts: found, next } }
    },
  }
}

const sent = ({ eventId, originalTopic }: Letter) => ({
  status: 202,
  body: { eventId, success: true, message: `${originalTopic} has it.` },
})

async function whole(database: SendingParts['database'], { id }: Letter): Promise<Letter> {
  const letter = await wholeLetter(database, id)
  if (!letter) throw new Problem(404, 'NO_SUCH_LETTER', `The dead letter ${id} was removed.`)
  return letter
}

/** An event id that several letters share exists, too. */
const mustExist = (database: SendingParts['database'], name: string): Promise<unknown> =>
  theLetter(database, name, {}).catch((error: unknown) => {
    if (!(error instanceof Problem) || error.code !== 'AMBIGUOUS_EVENT') throw error
  })
