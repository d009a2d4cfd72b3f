import type { Here } from '../addresses.ts'
import type { Workshop } from '../engines/engine.ts'
import { saveInstallation, type Installation } from '../installation.ts'
import type { Supervisor } from '../supervisor/client.ts'
import type { ProcessStatus } from '../supervisor/spec.ts'

/** One run of `up`: what it works on, and the decisions that it takes on the way. */
export interface Session {
  readonly here: Here
  readonly supervisor: Supervisor
  /** Names of the processes that ran before. */
  readonly running: ReadonlySet<string>
  /** Changes the installation and keeps it. */
  decide(change: (installation: Installation) => Installation): void
  workshop(say: (line: string) => void): Workshop
}

export function session(
  start: Here,
  supervisor: Supervisor,
  before: readonly ProcessStatus[],
): Session {
  let here = start
  return {
    get here() {
      return here
    },
    supervisor,
    running: new Set(before.filter(({ phase }) => phase === 'running').map(({ name }) => name)),
    decide: (change) => {
      here = { ...here, installation: change(here.installation) }
      saveInstallation(here.where, here.installation)
    },
    workshop: (say) => ({ cache: start.where.cache, env: process.env, install: true, say }),
  }
}
