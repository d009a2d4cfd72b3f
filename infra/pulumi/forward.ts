import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { execa } from 'execa'
import { forwardWords, type Door, type StackCluster } from './open.ts'

/** A door that is forwarded. */
export interface Forward {
  /** Address of the door on this machine. */
  readonly url: string
  /** Resolves with kubectl's last words when it ends. */
  readonly ended: Promise<string>
  stop(): Promise<void>
}

const readyWithinMs = 30_000

/**
 * Forwards a door with kubectl, and waits until it says that it listens. It ends with this process.
 * @throws Error with kubectl's words when it does not come to that
 */
export async function forward(
  cluster: StackCluster,
  door: Door,
  localPort: number,
): Promise<Forward> {
  const child = execa(cluster.kubectl, forwardWords(cluster, door, localPort), {
    stdin: 'ignore',
    reject: false,
  })
  const ended = child.then(({ stderr, shortMessage }) => stderr.trim() || (shortMessage ?? 'ended'))
  const listens = new Promise<undefined>((resolve) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line.startsWith('Forwarding from')) resolve(undefined)
    })
  })
  const silence = delay(readyWithinMs, `kubectl said nothing for ${readyWithinMs / 1000} s`, {
    ref: false,
  })
  const trouble = await Promise.race([listens, ended, silence])
  const stop = async (): Promise<void> => {
    child.kill()
    await ended
  }
  if (trouble === undefined) return { url: `${door.scheme}://127.0.0.1:${localPort}`, ended, stop }
  await stop()
  throw new Error(`${door.name} cannot be forwarded: ${trouble}`)
}
