import { globSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { installPackages } from '../local/engines/apt.ts'
import type { Places } from '../local/paths.ts'

/** A service’s clock that can be moved; how much time passes stays true. */
export interface Clock {
  /** What the service must be started with. */
  readonly env: Readonly<Record<string, string>>
  /** How far it is ahead of the machine’s from now on; behind it below 0. */
  shift(seconds: number): Promise<void>
}

/** @throws Error where libfaketime is missing and cannot be installed */
export async function clockOf(service: string, { state, cache }: Places): Promise<Clock> {
  const library = await libfaketime(cache)
  const folder = join(state, 'prove')
  const file = join(folder, `${service}.clock`)
  const shift = (seconds: number) => writeFile(file, `${seconds < 0 ? '' : '+'}${seconds}\n`)
  await mkdir(folder, { recursive: true })
  await shift(0)
  const env = {
    LD_PRELOAD: library,
    FAKETIME_TIMESTAMP_FILE: file,
    // Seconds after which it looks into the file again.
    FAKETIME_CACHE_DURATION: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  }
  return { env, shift }
}

const found = (): string | undefined => globSync('/usr/lib/*/faketime/libfaketime.so.1')[0]

async function libfaketime(cache: string): Promise<string> {
  const say = () => undefined
  if (!found())
    await installPackages(['libfaketime'], { cache, env: process.env, say, install: true })
  const library = found()
  if (library) return library
  throw new Error('Clocks cannot be moved without libfaketime: sudo apt-get install libfaketime.')
}
