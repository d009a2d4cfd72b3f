import type { Actor } from '../../kit/auth.ts'
import { setTimeout as delay } from 'node:timers/promises'
import { Problem } from '../../kit/problem.ts'
import { approve } from './decisions.ts'
import type { State } from './states.ts'
import { verdictOf } from './replay.ts'
import { sendBack, type SendingParts } from './sending.ts'
import { pageOfLetters, wholeLetter } from './store.ts'
import type { Filter, Letter } from './store.ts'

/** Which letters, how many and how fast. */
export interface ManyWish extends Pick<Filter, 'topic' | 'cause'> {
  /** Pending ones too. */
  readonly approve: boolean
  readonly limit: number
  /** Letters a second. */
  readonly rate: number
  readonly cursor?: string | undefined
}

/** After this long no letter is begun: the gateway waits 10 s. */
const beginWithinMs = 8000
/** At once; with the linger of 5 ms one after the other would be slower than the highest rate. */
const workers = 8

/** Letters that fit, and the cursor behind them; null where that is all. */
async function due({ database }: SendingParts, wish: ManyWish) {
  const { topic, cause, limit, cursor: after } = wish
  const states: readonly State[] = wish.approve ? ['PENDING', 'APPROVED'] : ['APPROVED']
  const page = await pageOfLetters(database, { topic, cause, states }, { after, size: limit + 1 })
  const letters = page.slice(0, limit)
  return { letters, next: page.length > limit ? (letters.at(-1)?.id ?? null) : null }
}

/** What would become of many letters. */
export async function verdicts(parts: SendingParts, wish: ManyWish) {
  const { letters, next } = await due(parts, wish)
  const all = []
  for (const { id } of letters) {
    const letter = await wholeLetter(parts.database, id)
    if (letter) all.push({ letter, verdict: judge(parts, letter) })
  }
  return { all, next }
}

/** What would become of a letter. */
export const judge = ({ origins, replayLimit, clock }: SendingParts, letter: Letter) =>
  verdictOf(letter, {
    origin: origins.topics.find(({ name }) => name === letter.originalTopic),
    now: clock(),
    limit: replayLimit,
  })

/** Sends many letters back, oldest first, at most `rate` a second. Those that another operator has taken do not count. */
export async function sendMany(parts: SendingParts, wish: ManyWish, actor: Actor) {
  const { letters, next } = await due(parts, wish)
  const counts = { successful: 0, failed: 0 }
  const tried = await paced(letters, wish.rate, async (letter) => {
    const outcome = await tryOne(parts, letter, actor)
    if (outcome !== 'taken') counts[outcome] += 1
  })
  const last = tried < letters.length ? letters[tried - 1]?.id : next
  return { total: counts.successful + counts.failed, ...counts, next: last ?? null }
}

async function tryOne(
  parts: SendingParts,
  letter: Letter,
  actor: Actor,
): Promise<'successful' | 'failed' | 'taken'> {
  try {
    if (letter.state === 'PENDING') await approve(parts, letter, actor)
    await sendBack(parts, letter, actor)
    return 'successful'
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    return error.code === 'WRONG_STATE' || error.code === 'NO_SUCH_LETTER' ? 'taken' : 'failed'
  }
}

/** Begins work on one item after another, evenly, until all are begun or the time is over. @returns how many were begun */
async function paced<Item>(
  items: readonly Item[],
  rate: number,
  work: (item: Item) => Promise<void>,
): Promise<number> {
  const began = performance.now()
  let begun = 0
  const worker = async (): Promise<void> => {
    while (begun < items.length && performance.now() - began < beginWithinMs) {
      const index = begun
      begun += 1
      await delay(Math.max(0, began + (index * 1000) / rate - performance.now()))
      await work(items[index] as Item)
    }
  }
  await Promise.all(Array.from({ length: workers }, worker))
  return begun
}
