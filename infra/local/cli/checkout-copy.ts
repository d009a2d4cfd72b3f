import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { kept } from '../kept.ts'

/** A copy of this working tree in a temporary folder that only its owner may enter; for tests of whole commands. */
export interface CheckoutCopy {
  readonly root: string
  /** Runs `./maru` in it; never rejects. */
  maru(...words: readonly string[]): Promise<{ code: number; out: string; progress: string }>
  /** Stops what runs, deletes its state and the copy; that happens, too, when the test is cut off. */
  remove(): Promise<void>
}

const original = new URL('../../..', import.meta.url).pathname
const packages = ['node_modules', 'infra/local/node/node_modules']
const commandWithinMs = 240_000

/**
 * Copies what git knows or would add. The npm packages are shared: fetching them is not what is tested.
 * @param env what its commands find beside our own environment
 */
export function copyCheckout(env: Readonly<Record<string, string>> = {}): CheckoutCopy {
  // Files keep their times, or the packages would look older than package-lock.json and be fetched again.
  const folder = mkdtempSync(join(tmpdir(), 'maru-checkout-'))
  chmodSync(folder, 0o700)
  const root = join(folder, 'maru')
  for (const file of tracked().filter((one) => existsSync(join(original, one)))) {
    mkdirSync(dirname(join(root, file)), { recursive: true })
    cpSync(join(original, file), join(root, file), { preserveTimestamps: true })
  }
  for (const one of packages) symlinkSync(join(original, one), join(root, one))
  const maru = async (...words: readonly string[]) => {
    const options = {
      cwd: folder,
      env,
      reject: false,
      stdin: 'ignore',
      timeout: commandWithinMs,
    } as const
    const done = await execa(join(root, 'maru'), words, options)
    return { code: done.exitCode ?? -1, out: done.stdout, progress: done.stderr }
  }
  const remove = kept('cat >/dev/null; "$1/maru/maru" down --wipe; rm -rf "$1"', [folder])
  return { root, maru, remove }
}

const tracked = (): readonly string[] =>
  execFileSync('git', ['ls-files', '-co', '--exclude-standard'], {
    cwd: original,
    encoding: 'utf8',
  })
    .trim()
    .split('\n')
