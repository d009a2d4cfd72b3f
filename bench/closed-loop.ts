import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import type { Figures } from './benchmark.ts'
import type { Lab } from './lab.ts'

/** Requests one after the other on each connection, as fast as they are answered: for capacity, never for latency. */
export interface ClosedLoop {
  readonly url: string
  /** Raw requests that are sent in turn. */
  readonly requests: readonly string[]
  readonly connections: number
  readonly seconds: number
}

const script = new URL('closed-loop.lua', import.meta.url).pathname
const patienceMs = 30_000

/** Has Debian's wrk send them; its thread stays below one core. */
export async function closedLoop(
  lab: Lab,
  { url, requests, connections, seconds }: ClosedLoop,
): Promise<Figures> {
  const wrk = await lab.program('wrk', 'wrk')
  const file = join(lab.folder, 'requests')
  writeFileSync(file, requests.join('\0'))
  const shape = ['-t1', `-c${connections}`, `-d${seconds}s`]
  const { stdout } = await execa(wrk, [...shape, '-s', script, url, '--', file], {
    timeout: seconds * 1000 + patienceMs,
  })
  const told = JSON.parse(stdout.split('\n').findLast((line) => line.startsWith('{')) ?? '') as {
    answered: number
    refused: number
    broken: number
    microseconds: number
  }
  return {
    load: `closed, ${connections} connections`,
    completed: told.answered - told.refused,
    failed: told.refused + told.broken,
    seconds: told.microseconds / 1_000_000,
  }
}

/** A request as it goes over the wire. */
export function rawRequest(
  line: string,
  headers: Readonly<Record<string, string>>,
  body = '',
): string {
  const length = body === '' ? {} : { 'content-length': String(Buffer.byteLength(body)) }
  const lines = Object.entries({ host: 'bench', ...headers, ...length }).map(
    ([name, value]) => `${name}: ${value}`,
  )
  return [`${line} HTTP/1.1`, ...lines, '', body].join('\r\n')
}
