import type { Here } from '../addresses.ts'
import { engines } from '../engines/engines.ts'
import { siteOf } from '../sites.ts'

/** Other files than the committed ones; absolute paths, `rules` a glob. */
interface Told {
  readonly rules?: string
  readonly alertmanager?: string
}

/** Lets Prometheus and Alertmanager, which run, read other files; without any they read the committed ones again. */
export async function retell({ where, installation }: Here, told: Told): Promise<void> {
  const other: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    prometheus: told.rules === undefined ? {} : { rules: told.rules },
    alertmanager: told.alertmanager === undefined ? {} : { config: told.alertmanager },
  }
  for (const [name, settings] of Object.entries(other)) {
    const engine = engines[name]
    if (!engine) continue
    const site = await siteOf(name, where, installation)
    const changed = { ...site, settings: { ...site.settings, ...settings } }
    await engine.prepare(changed)
    await engine.reload?.(changed)
  }
}
