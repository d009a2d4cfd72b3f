import { existsSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { isRunning } from '../supervisor/process-table.ts'
import {
  checkout,
  contactOf,
  get,
  journalOf,
  up,
  until,
  asked,
  type PsRow,
  type Up,
} from './testing.ts'
import type { CheckoutCopy } from './checkout-copy.ts'

test.serial('two checkouts side by side never meet', async (t) => {
  const [one, two] = [checkout(t), checkout(t)]
  // At the same moment: what one has chosen and not bound yet is not free for the other.
  const [first, second] = await Promise.all([upOnly(t, one, 'auth'), upOnly(t, two, 'auth')])
  const [here, there] = [jwksOf(first), jwksOf(second)]
  t.not(here, there)
  const keys = await Promise.all([get(here), get(there)])
  t.is(keys[0].status, 200)
  t.notDeepEqual(keys[0].body, keys[1].body)
  t.notDeepEqual(first.clients, second.clients)

  t.is((await one.maru('down')).code, 0)
  t.is((await get(there)).status, 200)

  const left = journalOf(two)
  process.kill(contactOf(two).pid, 'SIGKILL')
  t.is((await two.maru('down', '--wipe')).code, 0)
  t.deepEqual(left.filter(isRunning), [])
  t.false(existsSync(join(two.root, '.maru')))
})

test.serial('a process that dies is started again, and ps shows it', async (t) => {
  const one = checkout(t)
  const env = await upOnly(t, one, 'auth')
  const [instance] = env.services['auth']?.instances ?? []
  process.kill(instance?.pid ?? NaN, 'SIGSTOP')
  const stuck = (await asked<PsRow[]>(t, one, 'ps')).find(({ name }) => name === 'auth-1')
  t.like(stuck, { phase: 'running', notReady: 'no answer' })
  t.regex((await one.maru('ps')).out, /auth-1 +not ready \(no answer\)/)
  process.kill(instance?.pid ?? NaN, 'SIGKILL')
  const again = await until(async () => {
    const rows = await asked<PsRow[]>(t, one, 'ps')
    return rows.find(
      ({ name, restarts, phase }) => name === 'auth-1' && restarts === 1 && phase === 'running',
    )
  })
  t.like(again, { lastEnd: 'SIGKILL' })
  t.not(again.pid, instance?.pid)
  await until(async () => (await get(jwksOf(env))).status === 200 || undefined)
})

async function upOnly(t: ExecutionContext, copy: CheckoutCopy, service: string): Promise<Up> {
  await up(t, copy, '--only', service)
  return asked<Up>(t, copy, 'env')
}

const jwksOf = (env: Up): string =>
  `${env.services['auth']?.instances[0]?.url}/.well-known/jwks.json`
