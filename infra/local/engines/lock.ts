import { open, readFile, rename, rm } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { exists } from './site-folder.ts'

interface Turn {
  /** The lock file; its folder must exist. */
  readonly file: string
  /** What the holder does, for the message. */
  readonly what: string
  readonly deadlineMs: number
  say(line: string): void
}

/**
 * Runs `work` while no other Maru process on this machine runs under the same lock file. The lock of a dead
 * process is taken over. It only saves double work: what `work` makes must itself appear atomically.
 */
export async function exclusively<T>(turn: Turn, work: () => Promise<T>): Promise<T> {
  await acquire(turn)
  try {
    return await work()
  } finally {
    await rm(turn.file, { force: true })
  }
}

/**
 * Makes a folder of the cache unless it is there; who comes second waits for the first. `make` must let it appear whole.
 * @returns the folder
 */
export async function madeOnce(
  folder: string,
  turn: Turn,
  make: () => Promise<void>,
): Promise<string> {
  if (await exists(folder)) return folder
  await exclusively(turn, async () => {
    if (!(await exists(folder))) await make()
  })
  return folder
}

async function acquire(turn: Turn): Promise<void> {
  const until = Date.now() + turn.deadlineMs
  for (let said = false; !(await take(turn.file));) {
    const holder = await holderOf(turn.file)
    if (holder !== undefined && !isAlive(holder)) {
      await setAside(turn.file, holder)
      continue
    }
    if (!said && holder !== process.pid)
      turn.say(`waiting for process ${holder ?? 'unknown'} to ${turn.what}`)
    said = true
    if (Date.now() > until) throw new Error(tooLong(turn, holder))
    await delay(200)
  }
}

async function take(file: string): Promise<boolean> {
  try {
    const handle = await open(file, 'wx', 0o644)
    await handle.writeFile(String(process.pid))
    await handle.close()
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  }
}

async function holderOf(file: string): Promise<number | undefined> {
  const text = await readFile(file, 'utf8').catch(() => '')
  return /^\d+$/.test(text) ? Number(text) : undefined
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

// Only the one who succeeds in renaming removes the dead holder's lock; the others find it gone.
async function setAside(file: string, holder: number): Promise<void> {
  const aside = `${file}.${holder}.${process.pid}`
  await rename(file, aside).catch(() => undefined)
  await rm(aside, { force: true })
}

const tooLong = (turn: Turn, holder: number | undefined) =>
  `Process ${holder ?? 'unknown'} has been busy to ${turn.what} for more than ` +
  `${Math.round(turn.deadlineMs / 1000)} s: end it, or delete ${turn.file} if it is not one of Maru's.`
