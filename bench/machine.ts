import { readFileSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import { machineTicks } from './process-cpu.ts'

/** Where figures come from. */
export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryGiB: number
  readonly kernel: string
  readonly governor: string
  readonly node: string
  /** Percent of the time of all cores that its host gave to others. */
  readonly stealPercent: number
}

/** @returns what tells the machine once the work is done */
export function watchMachine(): () => Machine {
  const before = machineTicks()
  return () => {
    const { all, stolen } = machineTicks()
    const cores = cpus()
    return {
      cpu: cores[0]?.model ?? 'unknown',
      cores: cores.length,
      memoryGiB: Math.round(totalmem() / 2 ** 30),
      kernel: release(),
      governor: governor(),
      node: process.version,
      stealPercent: Number(((100 * (stolen - before.stolen)) / (all - before.all)).toFixed(2)),
    }
  }
}

function governor(): string {
  try {
    return readFileSync('/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor', 'utf8').trim()
  } catch {
    return 'none' // a virtual machine
  }
}
