import { Problem } from '../../kit/problem.ts'
import { startRun, type Figures, type Run, type RunParts } from './run.ts'
import type { Sender } from './senders.ts'
import { parametersOf, sameRun, type Defaults, type Target, type Wishes } from './wishes.ts'

/** What a client sees of the generator. */
export interface Status extends Figures, Omit<Run['parameters'], 'eps'> {
  readonly eventsPerSecond: number
}

/** Holds the one run of this instance. */
export interface Control {
  /** @throws Problem 409 `GENERATOR_RUNNING` while a run with other parameters is on */
  start(wishes: Wishes): Status
  /** Ends the run, if any, and waits up to 5 s for what is under way. */
  stop(): Promise<Status>
  status(): Status
}

export interface ControlParts extends Omit<RunParts, 'sender'> {
  readonly senders: Readonly<Record<Target, Sender>>
  readonly defaults: Defaults
}

export function createControl({ senders, defaults, ...parts }: ControlParts): Control {
  let run: Run | undefined
  const status = (): Status => {
    const { eps, ...rest } = run?.parameters ?? parametersOf({}, defaults)
    return { ...rest, eventsPerSecond: eps, ...(run?.figures() ?? idle) }
  }
  return {
    status,
    start: (wishes) => {
      const wanted = parametersOf(wishes, defaults)
      if (run?.figures().running !== true)
        run = startRun(wanted, { ...parts, sender: senders[wanted.target] })
      else if (!sameRun(run.parameters, wanted)) throw busy(run)
      return status()
    },
    stop: async () => {
      await run?.stop()
      return status()
    },
  }
}

const idle: Figures = {
  running: false,
  actualPerSecond: 0,
  totalGenerated: 0,
  totalPublished: 0,
  totalErrors: 0,
  totalSkipped: 0,
  startedAt: null,
  stoppedAt: null,
}

const busy = ({ parameters }: Run): Problem =>
  new Problem(
    409,
    'GENERATOR_RUNNING',
    'A run with other parameters is on; end it with POST /generator/stop first.',
    { members: { parameters } },
  )
