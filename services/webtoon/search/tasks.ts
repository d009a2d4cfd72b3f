import type { Context } from '../../kit/context.ts'
import type { Tasks } from '../../kit/task.ts'
import { abandonedMs, fill, fillerOf, type Filler } from './filling.ts'
import {
  dropIndex,
  knownIndexes,
  makeNextIndex,
  readIndex,
  switchTo,
  type KnownIndex,
} from './indexes.ts'
import type service from './service.ts'

/** One-off work: `main.ts reindex`. */
export const tasks: Tasks<typeof service> = { reindex }

/**
 * Makes a new index by the definition of this version, fills it while changes go to both, and switches readers to it in
 * one step. The index before stays until the next reindex, as the way back. A reindex that was killed is begun anew.
 * @throws Error when another one runs
 */
async function reindex(context: Context<typeof service>): Promise<void> {
  const filler = await fillerOf(context)
  const { index } = filler
  const known = await knownIndexes(index)
  const before = readIndex(known)
  await clear(filler, known)
  const name = await makeNextIndex(index, known, false)
  if (name === undefined) throw new Error('Another reindex has begun at this moment.')
  context.log.info({ index: name, before: before?.name }, 'reindex begins')
  const titles = await fill(filler, name, before?.name)
  await switchTo(index, name, await knownIndexes(index))
  context.log.info({ index: name, titles }, 'readers see the new index')
}

/** What earlier ones left: the way back of the last, and the begun index of a killed one. */
async function clear({ index, context }: Filler, known: readonly KnownIndex[]): Promise<void> {
  for (const { name, isWritten, filling } of known.filter(({ isRead }) => !isRead)) {
    const silentMs = context.clock() - filling.at
    if (isWritten && !filling.filled && silentMs < abandonedMs)
      throw new Error(
        `${filling.by} was filling ${name} ${Math.round(silentMs / 1000)} s ago: if it was ended, try again in a minute.`,
      )
    await dropIndex(index, name)
    context.log.info({ index: name }, 'an index that nobody reads is deleted')
  }
}
