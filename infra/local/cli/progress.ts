import { Listr, ListrLogger, ProcessOutput } from 'listr2'
import type { Outcome, StartedJob } from '../jobs.ts'
import type { Show } from '../up/up.ts'
import { say } from './output.ts'

/** Progress on stderr: a living list in a terminal, one plain line a finished job elsewhere. */
export const show: Show = {
  say,
  jobs: async (started) => {
    await (process.stderr.isTTY === true ? list(started) : lines(started))
    throwFirst(await Promise.all(started.map(({ outcome }) => outcome)))
  },
}

/** Nothing is shown, but what fails is thrown. */
export const quiet: Show = {
  say: () => undefined,
  jobs: async (started) => throwFirst(await Promise.all(started.map(({ outcome }) => outcome))),
}

async function list(started: readonly StartedJob[]): Promise<void> {
  const logger = new ListrLogger({ processOutput: new ProcessOutput(process.stderr) })
  const tasks = started.map(({ job, outcome, onSay }) => ({
    title: job.title,
    task: async (_: unknown, task: { title: string; output: string; skip(why: string): void }) => {
      onSay((line) => (task.output = line))
      const done = await outcome
      if (done.ok) task.title = ending(job.title, done)
      else if (!done.vital || done.skipped) task.skip(done.error.message)
      else throw done.error
    },
  }))
  const options = { concurrent: true, exitOnError: false, registerSignalListeners: false } as const
  await new Listr(tasks, { ...options, rendererOptions: { logger } }).run()
}

async function lines(started: readonly StartedJob[]): Promise<void> {
  await Promise.all(
    started.map(async ({ job, outcome, onSay }) => {
      onSay((line) => say(`${job.name}: ${line}`))
      const done = await outcome
      if (done.ok) say(ending(job.title, done))
      else if (!done.skipped) say(`${job.title}: ${done.vital ? 'failed' : done.error.message}`)
    }),
  )
}

const ending = (title: string, { note, tookMs }: Outcome & { ok: true }): string => {
  const seconds = `${(tookMs / 1000).toFixed(1)} s`
  return note === undefined ? `${title} (${seconds})` : `${title}: ${note} (${seconds})`
}

function throwFirst(outcomes: readonly Outcome[]): void {
  for (const outcome of outcomes) {
    if (!outcome.ok && outcome.vital && !outcome.skipped) {
      throw new Error(
        `${outcome.error.message}\nWhen it is mended: ./maru up starts what is missing.`,
      )
    }
  }
}
