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

/** Runs test files and counts; an end that TAP does not explain counts as one failure. */
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
  const child = execa(process.execPath, [program, '--tap', ...order, ...files], {
    cwd: root,
    env,
    stdin: 'ignore',
    stderr: 'inherit',
    buffer: false,
    reject: false,
    cancelSignal: signal,
    forceKillAfterDelay: killAfterMs,
  })
  for await (const line of createInterface({ input: child.stdout })) reader.line(line)
  reader.end()
  const { exitCode } = await child
  return { passed, failed: exitCode !== 0 && failed === 0 ? 1 : failed }
}
