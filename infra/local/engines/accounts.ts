import { statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { execa } from 'execa'
import type { Owner } from './engine.ts'

/**
 * The account an engine runs as: undefined when we are not root or the engine names none. An account
 * `maru-…` that does not exist is created; Debian's own come with their packages.
 */
export async function ownerOf(account: string | undefined): Promise<Owner | undefined> {
  if (account === undefined || process.getuid?.() !== 0) return undefined
  const found = await lookUp(account)
  if (found !== undefined || !account.startsWith('maru-')) return found
  await create(account)
  return lookUp(account)
}

/** True when an engine that dropped to its own account can reach the file: every folder above lets others in. */
export function isReachable(file: string): boolean {
  if (process.getuid?.() !== 0) return true
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    if ((statSync(folder).mode & 0o001) === 0) return false
    if (folder === dirname(folder)) return true
  }
}

async function lookUp(name: string): Promise<Owner | undefined> {
  const lines = (await readFile('/etc/passwd', 'utf8').catch(() => '')).split('\n')
  const fields = lines.map((line) => line.split(':')).find(([first]) => first === name)
  return fields && { name, uid: Number(fields[2]), gid: Number(fields[3]) }
}

async function create(name: string): Promise<void> {
  const shell = '/usr/sbin/nologin'
  const args = ['--system', '--user-group', '--no-create-home', '--shell', shell, name]
  const made = await execa('/usr/sbin/useradd', args, { reject: false, timeout: 30_000 })
  // Another process may have been faster: what counts is that the account is there now.
  if (made.failed && (await lookUp(name)) === undefined) {
    throw new Error(
      `Could not create the account ${name} (${made.stderr}): run useradd --system ${name}.`,
    )
  }
}
