/**
 * Does each piece of work as late as it is slow at the moment, in the order in which it came.
 * @param lateByMs asked once for each piece of work
 */
export function slowLane(lateByMs: () => number): (work: () => void) => void {
  const waiting: { readonly at: number; readonly work: () => void }[] = []
  const workOff = (): void => {
    while (waiting[0] && waiting[0].at <= performance.now()) waiting.shift()?.work()
    wait()
  }
  const wait = (): void => {
    const [next] = waiting
    if (next) setTimeout(workOff, Math.max(1, next.at - performance.now()))
  }
  return (work) => {
    const late = lateByMs()
    if (late === 0 && waiting.length === 0) return work()
    waiting.push({ at: performance.now() + late, work })
    if (waiting.length === 1) wait()
  }
}
