import { execa } from 'execa'
import { addressed } from './endpoint.ts'
import type { Supply, Workshop } from './engine.ts'
import { isUsable, onPath } from './search-path.ts'

/**
 * A server that is in no package registry: `MARU_<NAME>_ADDRESS`, then the binary in `MARU_<NAME>_BIN`, then
 * PATH; never installed.
 */
export async function obtainNamed(name: string, workshop: Workshop): Promise<Supply | undefined> {
  const own = addressed(workshop, `MARU_${name.toUpperCase()}_ADDRESS`)
  if (own !== undefined) return own
  const variable = `MARU_${name.toUpperCase()}_BIN`
  const given = workshop.env[variable]
  if (given !== undefined && !isUsable(given)) {
    throw new Error(
      `${variable} is ${given}, which the engine's account cannot run: check path and permissions.`,
    )
  }
  const program = given ?? onPath(workshop.env, [name])
  if (program === undefined) return undefined
  const said = await execa(program, ['--version'], { all: true, reject: false, timeout: 10_000 })
  const version = /version v?(\d+[\d.]*)/.exec(said.all)?.[1] ?? 'of unknown version'
  const where = given === undefined ? 'PATH' : variable
  return { from: 'path', reason: `${name} ${version} named by ${where}`, version, program }
}
