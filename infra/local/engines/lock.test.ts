import { execFileSync } from 'node:child_process'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { exclusively } from './lock.ts'

test('work under one lock never overlaps', async (t) => {
  const { turn, folder } = await place(t)
  let inside = 0
  const work = async () => {
    t.is(++inside, 1)
    await new Promise((resolve) => setTimeout(resolve, 20))
    inside--
  }
  await Promise.all([1, 2, 3].map(() => exclusively(turn, work)))
  t.deepEqual(await readdir(folder), [])
})

test('the lock of a dead process is taken over', async (t) => {
  const { turn } = await place(t)
  // A process that has just ended: its pid is free, or at least not in use yet.
  await writeFile(turn.file, execFileSync('/bin/sh', ['-c', 'printf $$']))
  t.is(await exclusively(turn, () => Promise.resolve('done')), 'done')
})

test('waiting for a living process ends with a sentence that names it', async (t) => {
  const { turn } = await place(t)
  await writeFile(turn.file, '1')
  const error = await t.throwsAsync(exclusively(turn, () => Promise.resolve()))
  t.regex(error.message, /Process 1 has been busy to build/)
})

test('the lock is given back when the work fails', async (t) => {
  const { turn } = await place(t)
  await t.throwsAsync(exclusively(turn, () => Promise.reject(new Error('broken'))))
  t.is(await exclusively(turn, () => Promise.resolve('done')), 'done')
})

async function place(t: ExecutionContext) {
  const folder = await mkdtemp(join(tmpdir(), 'maru-lock-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const turn = {
    file: join(folder, 'lock'),
    what: 'build',
    deadlineMs: 5_000,
    say: () => undefined,
  }
  return { turn: t.title.includes('sentence') ? { ...turn, deadlineMs: 300 } : turn, folder }
}
