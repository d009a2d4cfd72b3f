import test from 'ava'
import type { Turn } from './benchmark.ts'
import { ingest } from './ingest.ts'
import { sectionOf } from './page.ts'
import type { Result } from './report.ts'
import { verdicts } from './verdict.ts'

const draw = (rows: readonly (readonly string[])[]): string =>
  rows.map((cells) => cells.join(' | ')).join('\n')

test('a benchmark without a result says what is wanted', (t) => {
  const text = sectionOf(ingest, undefined, draw)
  t.regex(text, /maru bench ingest[^]*Not measured yet[^]*≥ 2 ×/)
})

test('a result stands with its machine, its command and the ratio with its range', (t) => {
  const turn = (contender: string, cpuUs: number): Turn => ({
    ...{ contender, round: 1, load: ingest.load, completed: 10, failed: 0, seconds: 1, cpuUs },
  })
  const turns = [turn('maru', 20), turn('one kafkajs send per request', 50)]
  const host = {
    ...{ cpu: 'X', cores: 2, memoryGiB: 24, kernel: '6', governor: 'none' },
    ...{ node: 'v24.0.0', stealPercent: 0 },
  }
  const result: Result = {
    ...{ name: 'ingest', command: './maru bench ingest', date: '2026-01-02T03:04:05Z' },
    ...{ commit: 'abc', host, versions: { kafka: '4' }, turns },
    verdicts: verdicts(ingest.goals, turns, ingest.load),
  }
  const text = sectionOf(ingest, result, draw)
  t.regex(text, /on 2026-01-02 at abc: 2 cores of X, 24 GiB.*Node v24.0.0, kafka 4\./)
  t.regex(text, /≥ 2 × \| 2\.50 \(2\.50–2\.50\) × \| holds/)
})
