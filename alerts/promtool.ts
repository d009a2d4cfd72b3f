import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { stringify } from 'yaml'
import type { RuleFile } from './rules.ts'

/** Series that promtool feeds: a selector and its expanding notation, e.g. `0+60x100`. */
export interface Series {
  readonly series: string
  readonly values: string
}

/** What must be firing at a time. */
export interface Expectation {
  readonly at: string
  readonly alert: string
  readonly firing: readonly {
    readonly labels: Readonly<Record<string, string>>
    readonly annotations: Readonly<Record<string, string>>
  }[]
}

/** One story: series in, alerts out. */
export interface Story {
  readonly name: string
  readonly interval: string
  readonly input: readonly Series[]
  readonly expect: readonly Expectation[]
}

/** Runs the stories against the rules by `promtool test rules`. @throws Error with promtool's report */
export const testRules = (files: readonly RuleFile[], stories: readonly Story[]): Promise<void> =>
  inFolder(async (folder) => {
    await writeFile(join(folder, 'rules.yaml'), stringify({ groups: files }))
    await writeFile(join(folder, 'test.yaml'), stringify(document(stories)))
    await promtool('check', 'rules', join(folder, 'rules.yaml'))
    await promtool('test', 'rules', join(folder, 'test.yaml'))
  })

/** Has promtool read the queries, as rules that record them. @throws Error with promtool's report */
export const checkQueries = (queries: readonly string[]): Promise<void> =>
  inFolder(async (folder) => {
    const rules = queries.map((expr, at) => ({ record: `query:${at}`, expr }))
    await writeFile(join(folder, 'rules.yaml'), stringify({ groups: [{ name: 'queries', rules }] }))
    await promtool('check', 'rules', join(folder, 'rules.yaml'))
  })

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'maru-rules-'))
  try {
    await work(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const document = (stories: readonly Story[]): object => ({
  rule_files: ['rules.yaml'],
  evaluation_interval: '5m',
  tests: stories.map((story) => ({
    name: story.name,
    interval: story.interval,
    input_series: story.input,
    alert_rule_test: story.expect.map(({ at, alert, firing }) => ({
      eval_time: at,
      alertname: alert,
      exp_alerts: firing.map(({ labels, annotations }) => ({
        exp_labels: labels,
        exp_annotations: annotations,
      })),
    })),
  })),
})

async function promtool(...args: readonly string[]): Promise<void> {
  try {
    await promisify(execFile)('promtool', args, { timeout: 120_000 })
  } catch (error) {
    const { stdout, stderr, message } = error as {
      stdout?: string
      stderr?: string
      message: string
    }
    throw new Error(`promtool ${args.join(' ')}: ${stdout || stderr || message}`, { cause: error })
  }
}
