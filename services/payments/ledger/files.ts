import { createHash } from 'node:crypto'
import { isUniqueViolation, type Mariadb } from '../../kit/mariadb.ts'
import { Problem } from '../../kit/problem.ts'
import { partsOf } from './csv.ts'
import type { Events } from './events.ts'
import {
  addFile,
  addMissing,
  addRows,
  fileNamed,
  knownOf,
  pageOfFiles,
  type TakenFile,
} from './file-store.ts'
import { matchedWith } from './matching.ts'

/** Who brings a file. */
export interface Bringer {
  readonly subject: string
  readonly clientId: string
}

/** Lines that are read, looked up and written at once. */
const together = 1000

/**
 * Compares a file of the gateway with the books: all of it is taken, or nothing.
 * @throws Problem 400 for a wrong line, 409 `FILE_KNOWN` with `fileId` for the same bytes again
 */
export async function takeFile(
  { database, payments, events }: { database: Mariadb; payments: Mariadb; events: Events },
  text: string,
  bringer: Bringer,
): Promise<TakenFile> {
  const hash = createHash('sha256').update(text).digest('hex')
  try {
    const fileId = await database.transaction(async (tx) => {
      const made = await addFile(tx, { hash, ...bringer })
      const seen = new Set<string>()
      for (const part of partsOf(text, together)) {
        const known = await knownOf(tx, payments, part)
        await addRows(tx, made, part.map(matchedWith(known, seen)))
      }
      await addMissing(tx, made)
      return made
    })
    const [file] = await pageOfFiles(database, { before: fileId + 1, size: 1 })
    if (!file) throw new Error(`The file ${fileId} is not there after it was written.`)
    events.compared(file)
    return file
  } catch (error) {
    if (!isUniqueViolation(error, 'file_once')) throw error
    throw alreadyTaken(await fileNamed(database, hash))
  }
}

const alreadyTaken = (fileId: number | undefined): Problem =>
  new Problem(409, 'FILE_KNOWN', `This file was compared before, as ${fileId}.`, {
    members: { fileId },
  })
