import type { Engine, Supply } from '../engines/engine.ts'
import type { Session } from './session.ts'

/** In no registry: they run where people put them, and nobody misses them elsewhere. */
const broughtByPeople = ['tempo', 'grafana']

/** The engines that this machine can have; Zipkin only where there is no Tempo. */
export async function present(chosen: readonly Engine[], run: Session): Promise<readonly Engine[]> {
  const optional = chosen.filter(({ name }) => broughtByPeople.includes(name))
  const found: Record<string, Supply> = {}
  for (const engine of optional) {
    const supply = await engine.obtain({ ...run.workshop(() => undefined), install: false })
    if (supply !== undefined) found[engine.name] = supply
  }
  run.decide((before) => ({ ...before, supplies: { ...without(before.supplies), ...found } }))
  const replaced = found['tempo'] === undefined ? [] : ['zipkin']
  return chosen.filter(
    (engine) =>
      !replaced.includes(engine.name) &&
      (!optional.includes(engine) || found[engine.name] !== undefined),
  )
}

const without = (supplies: Readonly<Record<string, Supply>>): Record<string, Supply> =>
  Object.fromEntries(Object.entries(supplies).filter(([name]) => !broughtByPeople.includes(name)))
