import { join } from 'node:path'
import { execa } from 'execa'
import type { TapResult } from './tap.ts'

const within = 300_000

/** What must hold of the source itself; each counts as one test. */
const checks = [
  { title: 'the types hold (tsc)', program: 'typescript/bin/tsc', args: ['--noEmit'] },
  { title: 'the linter is content (eslint)', program: 'eslint/bin/eslint.js', args: ['.'] },
  {
    title: 'the format is prettier’s',
    program: 'prettier/bin/prettier.cjs',
    args: ['--check', '--log-level', 'warn', '--cache', '.'],
  },
]

/** Runs the checks one after the other: together they would not fit into a small machine's memory. */
export async function runChecks(
  root: string,
  signal: AbortSignal,
  onResult: (result: TapResult) => void,
): Promise<void> {
  for (const { title, program, args } of checks) {
    const path = join(root, 'node_modules', program)
    const done = await execa(process.execPath, [path, ...args], {
      cwd: root,
      all: true,
      reject: false,
      stdin: 'ignore',
      timeout: within,
      cancelSignal: signal,
    })
    if (signal.aborted) return
    onResult({ ok: !done.failed, left: false, title, details: done.failed ? done.all : '' })
  }
}
