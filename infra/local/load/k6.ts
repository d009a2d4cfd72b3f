import { readFileSync } from 'node:fs'
import { execa } from 'execa'
import type { Summary } from './report.ts'

/** What k6 is told. */
export interface Wish {
  readonly program: string
  /** Path of the script. */
  readonly script: string
  /** What scripts read in `__ENV`; `SUMMARY` is the file that they fill. */
  readonly env: Readonly<Record<string, string>> & { readonly SUMMARY: string }
  /** Ends it; its summary tells what it had done by then. */
  readonly signal: AbortSignal
}

/** A threshold failed: the summary says which. */
const thresholdsFailed = 99
/** What goes on at the end of a run: requests that are still under way. */
const endsWithinMs = 60_000

/** Runs a script. @throws Error with the last that k6 said, when it could not be run to its end */
export async function runK6({ program, script, env, signal }: Wish): Promise<Summary> {
  const quiet = process.stderr.isTTY ? [] : ['--quiet']
  const words = ['run', '--no-usage-report', '--no-color', ...quiet, script]
  const done = await execa(program, words, {
    env: { ...env },
    stdin: 'ignore',
    // Data is printed on stdout, so what k6 shows of its progress goes to stderr.
    stdout: [process.stderr.isTTY ? process.stderr : 'pipe', 'pipe'],
    stderr: 'pipe',
    all: true,
    reject: false,
    cancelSignal: signal,
    forceKillAfterDelay: endsWithinMs,
  })
  if (done.exitCode === 0 || done.exitCode === thresholdsFailed)
    return JSON.parse(readFileSync(env.SUMMARY, 'utf8')) as Summary
  const last = done.all.trimEnd().split('\n').slice(-8).join('\n')
  throw new Error(`k6 ended with ${done.exitCode ?? done.signal}:\n${last}`)
}
