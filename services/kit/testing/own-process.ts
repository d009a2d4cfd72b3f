import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { folderOf, type Service } from '../../model/service.ts'

/** A service that runs as users run it: a process of its own, ready and to be killed. */
export type OwnProcess = ChildProcess & {
  readonly pid: number
  readonly url: string
  readonly admin: string
}

const root = join(import.meta.dirname, '../../..')

/** As in Kubernetes: a pod of 256 MiB. */
const flags = [
  '--max-old-space-size=179',
  '--max-semi-space-size=8',
  '--disable-warning=TimeoutNegativeWarning',
]

/**
 * Starts a service's `main.ts` and waits until it says that it is ready.
 * @param env as of `Bench.environment`
 * @param main another program with the same declaration
 * @throws with what it printed, when it ends before
 */
export async function ownProcess(
  service: Service,
  env: Readonly<Record<string, string>>,
  main = join(root, folderOf(service), 'main.ts'),
): Promise<OwnProcess> {
  const child = spawn(process.execPath, [...flags, main], {
    env: { ...process.env, ...env, LOG_LEVEL: 'info' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  // A test that is cut off has no teardown.
  const cutOff = () => child.kill('SIGKILL')
  process.once('exit', cutOff)
  child.once('exit', () => process.off('exit', cutOff))
  const urls = await new Promise<{ url: string; admin: string }>((resolve, reject) => {
    let said = ''
    child.once('exit', (code) => reject(new Error(`${service.name} ended with ${code}: ${said}`)))
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      const ready = said.split('\n').find((line) => line.includes('"ready"') && line.endsWith('}'))
      if (ready === undefined) return
      resolve(JSON.parse(ready) as { url: string; admin: string })
      said = ''
      child.stdout.removeAllListeners('data').resume()
    })
  })
  return Object.assign(child, { pid: child.pid ?? 0, url: urls.url, admin: urls.admin })
}

/** Ends it as a lost machine would. */
export async function killed(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL')
  await once(child, 'exit')
}
