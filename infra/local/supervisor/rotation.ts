import { copyFileSync, readdirSync, statSync, truncateSync } from 'node:fs'
import { join } from 'node:path'

/** One file of this size and one older one for each process. */
const rotateAtBytes = 20_000_000

/**
 * Keeps logs from filling the disk: what is too large is copied to `<name>.log.1` and emptied. The processes
 * hold the file open for appending, so it cannot be renamed away from them.
 */
export function rotateLogs(folder: string): void {
  for (const name of readdirSync(folder).filter((one) => one.endsWith('.log'))) {
    const file = join(folder, name)
    if (statSync(file).size < rotateAtBytes) continue
    copyFileSync(file, `${file}.1`)
    truncateSync(file)
  }
}
