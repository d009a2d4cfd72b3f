import { execFileSync } from 'node:child_process'
import { cpus } from 'node:os'

/** What is measured has a core for itself; load, upstreams and stores share the other one. */
const measuredCore = 0
const othersCore = 1

/** Puts this process, and with it all that it starts from now on, beside what is measured. */
export const stepAside = (): void => pin(process.pid, othersCore)

/** Gives a process the core on which is measured. */
export const measuredAlone = (pid: number): void => pin(pid, measuredCore)

/** With all its threads. On a machine of one core everybody shares it. */
function pin(pid: number, core: number): void {
  if (cpus().length < 2) return
  execFileSync('taskset', ['-acp', String(core), String(pid)], { stdio: 'ignore' })
}
