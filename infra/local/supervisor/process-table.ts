import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'

interface Row {
  readonly state: string
  readonly startTime: string
  readonly rssBytes: number
}

/**
 * When that process started, in the system's own words: pid and start time together name one process for
 * good. Undefined when it is gone or only waits to be reaped.
 */
export function startTimeOf(pid: number): string | undefined {
  const row = rowOf(pid)
  return row === undefined || row.state.startsWith('Z') ? undefined : row.startTime
}

/** True while exactly that process runs. */
export const isRunning = (one: { readonly pid: number; readonly startTime: string }): boolean =>
  startTimeOf(one.pid) === one.startTime

/** Resident memory in bytes; 0 when it is gone. */
export const rssOf = (pid: number): number => rowOf(pid)?.rssBytes ?? 0

function rowOf(pid: number): Row | undefined {
  try {
    return existsSync('/proc/self/stat') ? fromProc(pid) : fromPs(pid)
  } catch {
    return undefined
  }
}

const pageBytes = 4096

function fromProc(pid: number): Row {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The name before it may hold spaces and brackets: fields count from the last one (proc(5): state is field 3).
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return {
    state: fields[0] ?? 'Z',
    startTime: fields[19] ?? '',
    rssBytes: Number(fields[21] ?? 0) * pageBytes,
  }
}

function fromPs(pid: number): Row {
  const text = execFileSync('ps', ['-o', 'state=,rss=,lstart=', '-p', String(pid)], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const [state = 'Z', rss = '0', ...started] = text.trim().split(/\s+/)
  return { state, startTime: started.join(' '), rssBytes: Number(rss) * 1024 }
}
