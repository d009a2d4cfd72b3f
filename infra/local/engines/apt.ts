import { globSync, statSync } from 'node:fs'
import { chmod, rm, writeFile } from 'node:fs/promises'
import { execa } from 'execa'
import type { Workshop } from './engine.ts'
import { isUsable } from './search-path.ts'

const apt = '/usr/bin/apt-get'
const policy = '/usr/sbin/policy-rc.d'
const listsGrowOldMs = 7 * 24 * 3_600_000
const lockWaitSeconds = 120
const updateWithinMs = 120_000
const installWithinMs = 300_000

/** Installs Debian packages without starting their services. Does nothing where we are not root or have no apt. */
export async function installPackages(names: readonly string[], workshop: Workshop): Promise<void> {
  if (process.getuid?.() !== 0 || !isUsable(apt)) return
  workshop.say(`installing ${names.join(', ')} with apt`)
  const updated = listsAreOld()
  if (updated) await update(workshop)
  const first = await withoutServices(() => install(names))
  if (!first.failed) return
  // A list that is young but older than the mirror names files that are gone: refresh it once.
  if (!updated) await update(workshop)
  const second = updated ? first : await withoutServices(() => install(names))
  if (second.failed) throw new Error(refused(`install ${names.join(' ')}`, second.all))
}

async function update(workshop: Workshop): Promise<void> {
  workshop.say('refreshing the package lists')
  const until = Date.now() + lockWaitSeconds * 1000
  for (;;) {
    const done = await aptGet(['update'], updateWithinMs)
    if (!done.failed) return
    // Unlike dpkg's lock, apt does not wait for the lock of its lists by itself.
    const busy = /Could not get lock/.test(done.all) && Date.now() < until
    if (!busy) throw new Error(refused('update', done.all))
    await new Promise((resolve) => setTimeout(resolve, 1000))
  }
}

const install = (names: readonly string[]) =>
  aptGet(['install', '--yes', '--no-install-recommends', ...names], installWithinMs)

const aptGet = (args: readonly string[], timeout: number) =>
  execa(apt, ['-q', '-o', `DPkg::Lock::Timeout=${lockWaitSeconds}`, ...args], {
    env: { DEBIAN_FRONTEND: 'noninteractive' },
    stdin: 'ignore',
    all: true,
    reject: false,
    timeout,
  })

// Debian's packages start their servers on installation unless this file forbids it.
async function withoutServices<T>(work: () => Promise<T>): Promise<T> {
  const ours = await writeFile(policy, '#!/bin/sh\nexit 101\n', { flag: 'wx' }).then(
    () => true,
    () => false,
  )
  if (ours) await chmod(policy, 0o755)
  try {
    return await work()
  } finally {
    if (ours) await rm(policy, { force: true })
  }
}

function listsAreOld(): boolean {
  if (globSync('/var/lib/apt/lists/*_Packages*').length === 0) return true
  // apt works in this folder at each update, while the lists themselves keep the mirror's dates.
  return Date.now() - statSync('/var/lib/apt/lists/partial').mtimeMs > listsGrowOldMs
}

const refused = (what: string, output: string) =>
  `apt-get ${what} failed; run it by hand to see why. Its last lines:\n` +
  output.trimEnd().split('\n').slice(-8).join('\n')
