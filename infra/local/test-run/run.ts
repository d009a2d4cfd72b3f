import { join } from 'node:path'
import type { Places } from '../paths.ts'
import { runAva } from './ava.ts'
import { runChecks } from './checks.ts'
import { isAlone, testFiles, type Extent } from './files.ts'
import { programsFor } from './programs.ts'
import { sharedServers } from './servers.ts'
import type { Count, TapResult } from './tap.ts'

/** One `./maru test`. */
export interface TestRun {
  readonly where: Places
  readonly extent: Extent
  /** Part of a path or a glob; leaves out the checks of the source. */
  readonly pattern: string | undefined
  readonly signal: AbortSignal
  say(line: string): void
  onResult(result: TapResult): void
}

/** Runs checks and tests on servers of their own, which always end. No test at all is a failure. */
export async function runTests(run: TestRun): Promise<Count> {
  const files = testFiles(run.where.root, run.extent, run.pattern)
  if (files.length === 0) {
    run.say(`No test file matches ${run.pattern ?? 'anything'}.`)
    return { passed: 0, failed: 1 }
  }
  // Programs that the long tests need are built beside the others, and never beside what measures time.
  const programs = programsFor(files, run.where, run.say)
  const counts = [
    run.pattern === undefined ? await check(run) : none,
    await test(
      run,
      files.filter((file) => !isAlone(file)),
    ),
  ]
  await programs
  counts.push(await testAlone(run, files.filter(isAlone)))
  return sum(counts, run.signal)
}

const none: Count = { passed: 0, failed: 0 }

/** A run that was interrupted or in which no test was executed has failed. */
function sum(counts: readonly Count[], signal: AbortSignal): Count {
  const passed = counts.reduce((total, count) => total + count.passed, 0)
  const failed = counts.reduce((total, count) => total + count.failed, 0)
  const nothing = signal.aborted || passed + failed === 0
  return { passed, failed: nothing ? failed + 1 : failed }
}

async function check({ where, signal, onResult }: TestRun): Promise<Count> {
  let passed = 0
  let failed = 0
  await runChecks(where.root, signal, (result) => {
    if (result.ok) passed += 1
    else failed += 1
    onResult(result)
  })
  return { passed, failed }
}

async function test(run: TestRun, files: readonly string[]): Promise<Count> {
  if (files.length === 0 || run.signal.aborted) return none
  // A single file starts what it needs by itself, and nothing else.
  if (files.length === 1) return ava(run, files, {})
  run.say('starting the shared servers')
  const servers = await sharedServers(files.map((file) => join(run.where.root, file)))
  try {
    if (run.signal.aborted) return none
    run.say(`running ${files.length} test files`)
    return await ava(run, files, { MARU_TEST_SERVERS: JSON.stringify(servers.addresses) })
  } finally {
    await servers.stop()
  }
}

async function testAlone(run: TestRun, files: readonly string[]): Promise<Count> {
  if (files.length === 0 || run.signal.aborted) return none
  run.say(`running ${files.length} test files that fill the machine, one after the other`)
  return ava(run, files, {}, true)
}

const ava = (
  { where, signal, onResult }: TestRun,
  files: readonly string[],
  env: Readonly<Record<string, string>>,
  alone = false,
): Promise<Count> => {
  const cache = { NODE_COMPILE_CACHE: join(where.cache, 'node-compile-cache') }
  return runAva({ root: where.root, files, env: { ...cache, ...env }, signal, alone, onResult })
}
