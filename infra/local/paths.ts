import { createHash } from 'node:crypto'
import { realpathSync } from 'node:fs'
import { chmod, lstat, mkdir, readlink, symlink, unlink } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'

type Environment = Readonly<Record<string, string | undefined>>

/** Where things of one checkout lie. Absolute paths; nothing of it need exist yet (see `makePlaces`). */
export interface Places {
  /** The checkout, with symbolic links resolved. */
  readonly root: string
  /** Downloads and builds, shared by the checkouts of one user, keyed by version inside. */
  readonly cache: string
  /** Everything that belongs to this checkout alone. */
  readonly state: string
  /** One data folder per engine; engine accounts pass through it. */
  readonly data: string
  readonly logs: string
  readonly secrets: string
  /** `.maru` in the checkout, when the state had to go elsewhere. */
  readonly link: string | undefined
}

/**
 * Root's engines drop to accounts that cannot enter a 0700 home, so root keeps cache and state below /var;
 * everybody else keeps them at home and in the checkout. `MARU_CACHE` and `MARU_STATE` override.
 */
export function places(checkout: string, env: Environment = process.env): Places {
  const root = realpathSync(checkout)
  const asRoot = process.getuid?.() === 0
  const state = env.MARU_STATE ?? (asRoot ? rootState(root) : join(root, '.maru'))
  return {
    root,
    cache: env.MARU_CACHE ?? (asRoot ? '/var/cache/maru' : userCache(env)),
    state,
    data: join(state, 'data'),
    logs: join(state, 'logs'),
    secrets: join(state, 'secrets'),
    link: env.MARU_STATE === undefined && asRoot ? join(root, '.maru') : undefined,
  }
}

/** Makes the folders: engine accounts may pass through cache, state and data; secrets and logs are ours. */
export async function makePlaces(where: Places): Promise<void> {
  await make(where.cache, 0o755)
  await make(where.state, 0o755)
  await make(where.data, 0o711)
  await make(where.logs, 0o700)
  await make(where.secrets, 0o700)
  if (where.link !== undefined) await pointLink(where.link, where.state)
}

// Set one by one because a strict umask would shut the engine accounts out; folders of others stay as they are.
async function make(path: string, mode: number): Promise<void> {
  const first = await mkdir(path, { recursive: true })
  if (first === undefined) return
  for (let made = path; made.length >= first.length; made = dirname(made)) await chmod(made, mode)
}

const rootState = (root: string) =>
  join('/var/lib/maru', createHash('sha256').update(root).digest('hex').slice(0, 16))

const userCache = (env: Environment) =>
  join(env.XDG_CACHE_HOME ?? join(env.HOME ?? homedir(), '.cache'), 'maru')

// A copied checkout brings the link of its original along: it is pointed anew, or two checkouts would meet.
async function pointLink(link: string, target: string): Promise<void> {
  const found = await lstat(link).catch(() => undefined)
  if (found?.isSymbolicLink() === true) {
    if ((await readlink(link)) === target) return
    await unlink(link)
  } else if (found !== undefined) {
    throw new Error(
      `${link} is a folder from a run without root, but root keeps this checkout's state in ${target}: ` +
        `move it away (mv ${link} ${link}.old) and try again.`,
    )
  }
  await symlink(target, link).catch(async (error: NodeJS.ErrnoException) => {
    // Another command of this checkout was first.
    if (error.code !== 'EEXIST' || (await readlink(link)) !== target) throw error
  })
}
