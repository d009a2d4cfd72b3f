/** One step of a run. */
export interface Job {
  readonly name: string
  /** What people read, e.g. "Kafka, one node". */
  readonly title: string
  /** Names of jobs that must have succeeded; names that are not in the run are ignored. */
  readonly after: readonly string[]
  /** The run fails with it. */
  readonly vital: boolean
  /** Returns what is worth saying at the end, e.g. "already running". */
  work(say: (line: string) => void): Promise<string | undefined>
}

export type Outcome =
  | { readonly ok: true; readonly note: string | undefined; readonly tookMs: number }
  | {
      readonly ok: false
      readonly error: Error
      readonly vital: boolean
      readonly skipped: boolean
    }

/** A job on its way. */
export interface StartedJob {
  readonly job: Job
  /** Never rejects. */
  readonly outcome: Promise<Outcome>
  /** Hands on what the job says while it works. */
  onSay(listener: (line: string) => void): void
}

/** Starts all jobs; each works as soon as those that it comes after have succeeded. */
export function startJobs(jobs: readonly Job[]): readonly StartedJob[] {
  const started = new Map<string, StartedJob>()
  const startOne = (job: Job): StartedJob => {
    const found = started.get(job.name)
    if (found) return found
    const before = jobs.filter(({ name }) => job.after.includes(name)).map(startOne)
    const made = launch(job, before)
    started.set(job.name, made)
    return made
  }
  return jobs.map(startOne)
}

function launch(job: Job, before: readonly StartedJob[]): StartedJob {
  const listeners: ((line: string) => void)[] = []
  const say = (line: string): void => listeners.forEach((listener) => listener(line))
  return {
    job,
    outcome: run(job, before, say),
    onSay: (listener) => void listeners.push(listener),
  }
}

async function run(
  job: Job,
  before: readonly StartedJob[],
  say: (line: string) => void,
): Promise<Outcome> {
  for (const { job: earlier, outcome } of before) {
    if (!(await outcome).ok) {
      const error = new Error(`${job.name} was not started, because ${earlier.name} is missing.`)
      return { ok: false, error, vital: job.vital, skipped: true }
    }
  }
  const began = performance.now()
  try {
    const note = await job.work(say)
    return { ok: true, note, tookMs: performance.now() - began }
  } catch (cause) {
    const error = cause instanceof Error ? cause : new Error(String(cause))
    return { ok: false, error, vital: job.vital, skipped: false }
  }
}
