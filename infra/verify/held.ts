import type { Redis } from 'ioredis'
import type { Counts } from './recount.ts'

/** Everything that the windows of the rankings hold, in the form of a recount. */
export async function heldCounts(redis: Redis): Promise<Counts> {
  const held = new Map<string, number>()
  for (const kind of ['views', 'likes'])
    for (const key of await redis.keys(`rank:*:${kind}`))
      for (const [contentId, count] of Object.entries(await redis.hgetall(key)))
        held.set(`${key.slice('rank:'.length)}:${contentId}`, Number(count))
  return held
}

/** What a partition's books say of the offsets from their beginning to the fence. */
export interface Books {
  readonly partition: number
  /** Offsets between the beginning of the books and the fence. */
  readonly offsets: number
  readonly fence: number
  readonly lines: Readonly<Record<string, number>>
}

const bookLines = ['counted', 'duplicate', 'late', 'early', 'dead', 'skipped'] as const

/** The books of each partition that has some. One partition's are read at once: they move together. */
export async function heldBooks(redis: Redis): Promise<readonly Books[]> {
  const keys = await redis.keys('rank:books:*')
  return Promise.all(
    keys.map(async (key) => {
      const fenceKey = key.replace('books', 'fence')
      const replies = await redis.multi().hgetall(key).get(fenceKey).exec()
      const book = (replies?.[0]?.[1] ?? {}) as Record<string, string>
      const fence = Number(replies?.[1]?.[1])
      const lines = bookLines.map((line): [string, number] => [line, Number(book[line] ?? 0)])
      return {
        partition: Number(key.split(':').at(-1)),
        offsets: fence - Number(book['from']),
        fence,
        lines: Object.fromEntries(lines),
      }
    }),
  )
}
