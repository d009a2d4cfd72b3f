import { provingGround } from '../../prove/ground.ts'
import type { Arena } from '../../prove/trial.ts'
import { plugIn, type Rigging, type Wires } from '../../prove/wires.ts'
import { supervisorHere } from './checkout.ts'
import { groundHere } from './drill-ground.ts'
import { here } from './here.ts'
import { platformHere } from './verify.ts'

/** What runs in this checkout, to be broken under load. */
export interface ArenaHere {
  readonly arena: Arena
  /** Gives services other settings, and leads their ways to their servers through us, where that was not done yet. */
  rig(rigging: Rigging): Promise<void>
  /** Heals what is broken, and takes the wires out. */
  leave(): Promise<void>
}

/** @throws EnvironmentError when nothing runs */
export async function arenaHere(): Promise<ArenaHere> {
  const checkout = here()
  const supervisor = supervisorHere()
  const { ground, heal, unready } = await groundHere()
  const platform = await platformHere()
  let rigged: Rigging = { edges: [], clocks: [], settings: {} }
  let wires: Wires | undefined
  const restarts = async (): Promise<ReadonlyMap<string, number>> =>
    new Map((await supervisor.processes()).map((one) => [one.name, one.restarts]))
  return {
    arena: {
      ground: provingGround(ground, { here: checkout, supervisor, platform, wires: () => wires }),
      platform,
      unready,
      restarts,
    },
    rig: async (wanted) => {
      const isMore = (what: keyof Rigging) =>
        Object.keys(wanted[what]).length > 0 && Object.keys(rigged[what]).length === 0
      if (!isMore('edges') && !isMore('clocks') && !isMore('settings')) return
      await wires?.unplug()
      wires = await plugIn(wanted, checkout, supervisor)
      rigged = wanted
    },
    leave: async () => {
      await heal()
      await wires?.unplug()
    },
  }
}
