import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { serveControl } from './control.ts'
import { filesOf, readContact, writeJson } from './files.ts'
import { fleet } from './fleet.ts'
import { startTimeOf } from './process-table.ts'
import { rotateLogs } from './rotation.ts'

const rotateEveryMs = 30_000

/** The supervisor of one checkout: the parent of all its processes. Argument: the state folder. */
async function supervise(state: string): Promise<void> {
  const all = fleet(state)
  const token = randomBytes(24).toString('base64url')
  const control = await serveControl(all, token, () => void leave())
  const rotation = setInterval(() => rotateLogs(filesOf(state).logs), rotateEveryMs)

  const leave = async (): Promise<void> => {
    clearInterval(rotation)
    await all.stop(all.statuses().map(({ name }) => name))
    if (readContact(state)?.pid === process.pid) rmSync(filesOf(state).contact, { force: true })
    control.server.closeIdleConnections()
    control.server.close()
    setTimeout(() => control.server.closeAllConnections(), 1000).unref()
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void leave())
  process.on('SIGHUP', () => undefined)

  const startTime = startTimeOf(process.pid) ?? ''
  writeJson(filesOf(state).contact, { pid: process.pid, startTime, url: control.url, token })
}

await supervise(process.argv[2] ?? '')
