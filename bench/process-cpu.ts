import { readdirSync, readFileSync } from 'node:fs'

/** What `/proc/<pid>/stat` says of a process. */
export interface Stat {
  readonly pid: number
  readonly parent: number
  /** User and system time, also of children that ended and were waited for; milliseconds. */
  readonly cpuMs: number
  readonly rssMiB: number
}

/** `/proc` counts in hundredths of a second and in pages of 4 KiB wherever Node runs. */
const tickMs = 10
const pagesPerMiB = 256

/** What a process and all below it have used of the processor since they began, and hold of memory. */
export function usageOf(pid: number): Pick<Stat, 'cpuMs' | 'rssMiB'> {
  const tree = treeOf(pid, allStats())
  const sum = (of: 'cpuMs' | 'rssMiB'): number => tree.reduce((total, one) => total + one[of], 0)
  return { cpuMs: sum('cpuMs'), rssMiB: sum('rssMiB') }
}

/** A process and its descendants. */
export function treeOf(root: number, all: readonly Stat[]): readonly Stat[] {
  const own = all.filter(({ pid }) => pid === root)
  const below = all.filter(({ parent }) => parent === root)
  return [...own, ...below.flatMap(({ pid }) => treeOf(pid, all))]
}

/** The name, in brackets, may hold spaces and brackets itself. */
export function statOf(line: string): Stat {
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ')
  const field = (number: number): number => Number(fields[number - 3])
  const ticks = field(14) + field(15) + field(16) + field(17)
  return {
    pid: Number(line.slice(0, line.indexOf(' '))),
    parent: field(4),
    cpuMs: ticks * tickMs,
    rssMiB: field(24) / pagesPerMiB,
  }
}

/** Of the whole machine since it started: all ticks, and those that its host gave to others. */
export function machineTicks(): { readonly all: number; readonly stolen: number } {
  const line = readFileSync('/proc/stat', 'utf8').split('\n', 1)[0] ?? ''
  const ticks = line.trim().split(/\s+/).slice(1, 9).map(Number)
  return { all: ticks.reduce((sum, one) => sum + one, 0), stolen: ticks[7] ?? 0 }
}

function allStats(): readonly Stat[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return pids.flatMap((pid) => {
    try {
      return [statOf(readFileSync(`/proc/${pid}/stat`, 'utf8'))]
    } catch {
      return [] // it ended meanwhile
    }
  })
}
