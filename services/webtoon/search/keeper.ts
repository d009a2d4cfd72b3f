import { abandonedMs, fill, type Filler } from './filling.ts'
import { ensureIndex, knownIndexes, readIndex } from './indexes.ts'

/**
 * One look at the index that readers see: makes it where there is none, and fills it where nobody has yet. So an index
 * that was lost comes back whole, and a filling that was killed is taken up by whoever looks next.
 */
export async function keepFilled(filler: Filler): Promise<void> {
  await ensureIndex(filler.index)
  const read = readIndex(await knownIndexes(filler.index))
  if (read === undefined || read.filling.filled) return
  if (filler.context.clock() - read.filling.at < abandonedMs) return
  const titles = await fill(filler, read.name)
  filler.context.log.info({ index: read.name, titles }, 'the title index is filled')
}
