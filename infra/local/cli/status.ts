import type { Command } from 'commander'
import { processesHere } from './checkout.ts'
import { paint, print } from './output.ts'

/** What `./maru` alone shows: what it can do, and the state that it is in. */
export async function status(program: Command): Promise<void> {
  print(program.helpInformation())
  const processes = await processesHere()
  if (processes.length === 0)
    return print('Nothing runs in this checkout: start it with ./maru up.')
  const ill = processes.filter(({ phase, restarts }) => phase === 'waiting' || restarts > 0)
  print(paint('green', `${processes.length} processes run (./maru ps).`))
  for (const { name, restarts, lastEnd } of ill) {
    print(paint('red', `${name} was restarted ${restarts} times, last after ${lastEnd}.`))
  }
}
