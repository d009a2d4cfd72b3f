import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import test from 'ava'
import { followFiles } from './follow.ts'
import { byTime } from './log-line.ts'

const folder = mkdtempSync(join(tmpdir(), 'maru-logs-'))
test.after.always(() => rmSync(folder, { recursive: true, force: true }))

test('a character that is written in two parts is shown whole', async (t) => {
  const file = join(folder, 'rank-1.log')
  writeFileSync(file, '')
  const abort = new AbortController()
  const shown: string[] = []
  const following = followFiles([file], (line) => void shown.push(line), abort.signal)
  const bytes = Buffer.from('미생\n웹툰\n')
  appendFileSync(file, bytes.subarray(0, 8))
  // The first line is there: the follower has read up to the middle of the second one.
  while (shown.length === 0) await delay(5)
  appendFileSync(file, bytes.subarray(8))
  while (shown.length === 1) await delay(5)
  abort.abort()
  await following
  t.deepEqual(shown, ['미생', '웹툰'])
})

test('lines of several logs come in the order of time, and a line without one keeps its place', (t) => {
  const line = (time: string): string => JSON.stringify({ time })
  const [one, two, three] = [
    line('2026-01-01T00:00:00.000Z'),
    line('2026-01-01T00:00:01.000Z'),
    line('2026-01-01T00:00:02.000Z'),
  ] as const
  t.deepEqual(byTime([[one, '  at a place', three], [two]]), [one, '  at a place', two, three])
})
