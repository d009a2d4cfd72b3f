import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import type { StoreLogin } from '../../services/kit/config.ts'
import type { Figures } from '../benchmark.ts'
import { measuredAlone } from '../cores.ts'
import type { Lab } from '../lab.ts'

/** What somebody said to a database, in order. */
export type Said = readonly { readonly text: string; readonly values: readonly unknown[] }[]

/** Statements that sysbench can say again and again: ids in their values are {0}, {1}, … */
export interface Script {
  readonly statements: Said
  readonly ids: number
}

const uuid = /[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[\da-f]{4}-[\da-f]{12}/g

/** Every id, wherever it stands, is one that each repetition makes anew; what is equal stays equal. */
export function scriptOf(said: Said): Script {
  const ids = new Map<string, number>()
  const placed = (value: unknown): unknown =>
    typeof value === 'string'
      ? value.replace(uuid, (id) => {
          ids.set(id, ids.get(id) ?? ids.size)
          return `{${ids.get(id)}}`
        })
      : value
  const statements = said.map(({ text, values }) => ({ text, values: values.map(placed) }))
  return { statements, ids: ids.size }
}

/** As a Lua table. @throws TypeError for a value that it cannot hold */
export const luaOf = ({ statements }: Script): string =>
  `return {\n${statements
    .map(
      ({ text, values }) =>
        `  { text = ${literal(text)}, values = { ${values.map(literal).join(', ')} } },\n`,
    )
    .join('')}}\n`

function literal(value: unknown): string {
  if (value === null) return 'false'
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value)
  if (typeof value !== 'string') throw new TypeError(`sysbench cannot bind ${String(value)}.`)
  return `[==[${value.startsWith('\n') ? '\n' : ''}${value}]==]`
}

const main = new URL('statements.lua', import.meta.url).pathname
const patienceMs = 30_000

/** Has Debian's sysbench say them on so many connections, on the measured core, as fast as they are answered. */
export async function sayAgain(
  lab: Lab,
  { script, login }: { script: Script; login: StoreLogin },
  { connections, seconds }: { connections: number; seconds: number },
): Promise<Figures> {
  const sysbench = await lab.program('sysbench', 'sysbench')
  const statements = join(lab.folder, 'statements.lua')
  writeFileSync(statements, luaOf(script))
  const settings = join(lab.folder, 'sysbench.cfg')
  const { host, port, database, user, password } = login
  const lines = { host, port, db: database, user, password }
  writeFileSync(
    settings,
    Object.entries(lines)
      .map(([name, value]) => `mysql-${name}=${value}\n`)
      .join(''),
    { mode: 0o600 },
  )
  const shape = [`--threads=${connections}`, `--time=${seconds}`, '--events=0', '--db-driver=mysql']
  const words = [`--config-file=${settings}`, `--statements=${statements}`, `--ids=${script.ids}`]
  const running = execa(sysbench, [...words, ...shape, main, 'run'], {
    timeout: seconds * 1000 + patienceMs,
    reject: false,
    all: true,
  })
  if (running.pid !== undefined) measuredAlone(running.pid)
  const { stdout, failed, all } = await running
  const line = stdout.split('\n').findLast((one) => one.startsWith('{'))
  if (failed || line === undefined) throw new Error(`sysbench failed:\n${all.slice(-2000)}`)
  const told = JSON.parse(line) as { events: number; errors: number; seconds: number }
  const load = `closed, ${connections} at once`
  return { load, completed: told.events, failed: told.errors, seconds: told.seconds }
}
