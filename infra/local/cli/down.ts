import { down, wipe, wipeable } from '../up/down.ts'
import { makePlaces } from '../paths.ts'
import { thisCheckout } from './checkout.ts'
import { jsonOption, type Command } from './command.ts'
import { print, printJson, say } from './output.ts'

export function register(program: Command): void {
  program
    .command('down')
    .description('stop what up started; data stays')
    .option('--wipe', 'also delete the data, logs and secrets of this checkout')
    .option(...jsonOption)
    .action(run)
}

async function run(options: { wipe?: boolean; json?: boolean }): Promise<void> {
  const where = thisCheckout()
  await makePlaces(where)
  const stopped = await down(where, { say })
  const deleted = options.wipe === true ? await wipeable(where) : []
  if (options.wipe === true) {
    say(`deleting ${deleted.join(', ')}`)
    await wipe(where)
  }
  if (options.json === true) return printJson({ stopped, deleted })
  print(stopped.length === 0 ? 'Nothing was running.' : `Stopped ${stopped.length} processes.`)
  if (options.wipe === true) print('Data, logs and secrets of this checkout are deleted.')
}
