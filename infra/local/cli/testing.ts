import { statSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import type { Trial } from '../../prove/trial.ts'
import { poll } from '../poll.ts'
import type { Contact, Entry } from '../supervisor/spec.ts'
import { copyCheckout, type CheckoutCopy } from './checkout-copy.ts'
import type { Environment } from './environment.ts'

/** What `up --json` prints. */
export type Up = Environment & { readonly trace: string }

/** What a test reads of `ps --json`. */
export interface PsRow {
  readonly name: string
  readonly restarts: number
  readonly phase: string
  readonly pid?: number
  readonly notReady: string | null
}

/** A checkout of a test's own, closed to others and removed at its end. */
export function checkout(t: ExecutionContext): CheckoutCopy {
  const copy = copyCheckout()
  t.teardown(() => copy.remove())
  t.is(statSync(join(copy.root, '..')).mode & 0o777, 0o700)
  return copy
}

/** `./maru up --json` with these words; the test fails unless it ends with 0. */
export const up = (t: ExecutionContext, copy: CheckoutCopy, ...words: string[]): Promise<Up> =>
  asked<Up>(t, copy, 'up', ...words)

const shownCharacters = 2000

/** A word with `--json`; the test fails unless it ends with 0 and prints JSON. */
export async function asked<Data>(
  t: ExecutionContext,
  copy: CheckoutCopy,
  ...words: string[]
): Promise<Data> {
  const { code, out, progress } = await copy.maru(...words, '--json')
  t.is(code, 0, `${words.join(' ')}: ${progress}\n${out.slice(0, shownCharacters)}`)
  return JSON.parse(out) as Data
}

/** The same every time, so that what is red is red again. */
const seed = 20_261_127

/** These faults of a suite, one trial each; the test fails with what the command says of a trial that failed. */
export async function survived(
  t: ExecutionContext,
  copy: CheckoutCopy,
  { suite, faults: names }: { readonly suite: string; readonly faults: readonly string[] },
): Promise<void> {
  const words = ['prove', suite, '--seed', String(seed), '--only', ...names]
  const { trials } = await asked<{ trials: readonly Trial[] }>(t, copy, ...words)
  t.is(trials.length, names.length)
  for (const { fault, heldMs, wellMs, broken } of trials) {
    t.log(`${fault}: held ${heldMs} ms, well again after ${wellMs} ms`)
    t.deepEqual(broken, [])
  }
}

/** The processes that the supervisor remembers. */
export const journalOf = ({ root }: CheckoutCopy): readonly Entry[] =>
  JSON.parse(readFileSync(join(root, '.maru/processes.json'), 'utf8')) as Entry[]

/** The supervisor of a checkout. */
export const contactOf = ({ root }: CheckoutCopy): Contact =>
  JSON.parse(readFileSync(join(root, '.maru/supervisor.json'), 'utf8')) as Contact

/** GETs a URL; status 0 where nobody answers. */
export async function get(url: string): Promise<{ status: number; body: string }> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(5000) })
    return { status: response.status, body: await response.text() }
  } catch (error) {
    return { status: 0, body: (error as Error).message }
  }
}

/** The first answer that is not undefined. @throws Error after half a minute */
export async function until<Value>(ask: () => Promise<Value | undefined>): Promise<Value> {
  const answer = await poll(ask, { withinMs: 30_000, everyMs: 200 })
  if (answer !== undefined) return answer
  throw new Error('No answer within 30 s.')
}
