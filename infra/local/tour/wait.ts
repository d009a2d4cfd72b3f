import { poll } from '../poll.ts'

interface Wait {
  readonly deadlineMs: number
  readonly everyMs?: number
  /** What has not happened, said at the deadline. */
  reason(): string
}

/** Asks until the answer is not undefined. @throws Error with the reason at the deadline */
export async function waitFor<Value>(
  ask: () => Promise<Value | undefined>,
  { deadlineMs, everyMs = 250, reason }: Wait,
): Promise<Value> {
  const value = await poll(ask, { withinMs: deadlineMs, everyMs })
  if (value === undefined) throw new Error(`not within ${deadlineMs / 1000} s: ${reason()}`)
  return value
}

/** Does `work` for every item, so many at a time; results in order. */
export async function together<Item, Value>(
  items: readonly Item[],
  atATime: number,
  work: (item: Item) => Promise<Value>,
): Promise<readonly Value[]> {
  const results: Value[] = []
  const queue = items.entries()
  const lane = async (): Promise<void> => {
    for (const [at, item] of queue) results[at] = await work(item)
  }
  await Promise.all(Array.from({ length: atATime }, lane))
  return results
}
