import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { execa } from 'execa'
import { tapReader, type Count, type TapResult } from './tap.ts'

interface AvaRun {
  readonly root: string
  readonly files: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly signal: AbortSignal
  /** Files one after the other: for those that fill the machine or measure time. */
  readonly alone: boolean
  onResult(result: TapResult): void
}

const killAfterMs = 10_000
/** Far above what any test takes. AVA's own limit can pass unnoticed beside a file with a longer `t.timeout`. */
const silentMs = 15 * 60_000

/** Runs test files and counts; an end that TAP does not explain counts as one failure, as does a long silence. */
export async function runAva({
  root,
  files,
  env,
  signal,
  alone,
  onResult,
}: AvaRun): Promise<Count> {
  let passed = 0
  let failed = 0
  const reader = tapReader((result) => {
    if (!result.left && result.ok) passed += 1
    if (!result.ok && !result.left) failed += 1
    onResult(result)
  })
  const program = join(root, 'node_modules/ava/entrypoints/cli.js')
  const order = alone ? ['--concurrency', '1'] : []
  const silence = new AbortController()
  const watch = setTimeout(() => {
    process.stderr.write(
      `No test has ended for ${silentMs / 60_000} minutes: the rest is given up.\n`,
    )
    silence.abort()
  }, silentMs)
  const child = execa(process.execPath, [program, '--tap', ...order, ...files], {
    cwd: root,
    env,
    stdin: 'ignore',
    stderr: 'inherit',
    buffer: false,
    reject: false,
    cancelSignal: AbortSignal.any([signal, silence.signal]),
    forceKillAfterDelay: killAfterMs,
  })
  for await (const line of createInterface({ input: child.stdout })) {
    watch.refresh()
    reader.line(line)
  }
  clearTimeout(watch)
  reader.end()
  const { exitCode } = await child
  return { passed, failed: exitCode !== 0 && failed === 0 ? 1 : failed }
}
