import { join } from 'node:path'
import type { Engine } from '../engines/engine.ts'
import { tiers } from './engine-jobs.ts'
import type { Session } from './session.ts'

/** Lets the supervisor fetch an engine in the background; it joins when it is there. `down` ends that too. */
export async function fetchLater(engine: Engine, run: Session): Promise<string> {
  const { where } = run.here
  const { PATH = '', HOME = '' } = process.env
  const name = `${engine.name}-fetch`
  await run.supervisor.start(
    {
      name,
      argv: [process.execPath, join(where.root, 'infra/local/cli/main.ts'), 'join', engine.name],
      env: { ...engineVariables(), PATH, HOME },
      cwd: where.root,
      stopSignal: 'SIGTERM',
      stopWithinMs: 5_000,
      tier: tiers.observer,
      ports: {},
      once: true,
    },
    false,
  )
  return `is being fetched and joins when ready (./maru logs ${name})`
}

/** What people may say about engines and folders: MARU_JAVA_HOME, MARU_CACHE and the like. */
const engineVariables = (): Record<string, string> =>
  Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      value !== undefined && (name.startsWith('MARU_') || name === 'JAVA_HOME')
        ? [[name, value]]
        : [],
    ),
  )
