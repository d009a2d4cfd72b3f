import type { Ports } from './installation.ts'
import { freePort } from './ports.ts'

/** Something that listens, with the ports that it would like. */
export interface Listener {
  readonly name: string
  readonly preferred: Ports
}

interface Situation {
  /** Ports of the last run, by listener. */
  readonly kept: Readonly<Record<string, Ports>>
  /** Listeners that run now and hold their ports. */
  readonly running: ReadonlySet<string>
  /** Ports that other checkouts are about to bind. */
  readonly reserved?: ReadonlySet<number>
}

/** The ports of everybody, and those that could not be had. */
export interface PortPlan {
  readonly ports: Readonly<Record<string, Ports>>
  readonly moved: readonly Move[]
}

export interface Move {
  readonly name: string
  readonly which: string
  readonly from: number
  readonly to: number
}

/**
 * Gives every listener its ports: those that it holds, those of the last run if they are still free, else the
 * preferred ones, else the next free ones that nobody else prefers.
 */
export async function planPorts(
  listeners: readonly Listener[],
  { kept, running, reserved }: Situation,
): Promise<PortPlan> {
  const wanted = [...listeners.map(({ preferred }) => preferred), ...Object.values(kept)]
  const promised = new Set(wanted.flatMap((ports) => Object.values(ports)))
  const given = new Set(reserved)
  const ports: Record<string, Ports> = {}
  const moved: Move[] = []
  for (const { name, preferred } of listeners) {
    const wishes = { ...preferred, ...kept[name] }
    const held = running.has(name)
    const chosen = held ? wishes : await choose(wishes, preferred, { promised, given })
    for (const port of Object.values(chosen)) given.add(port)
    for (const [which, to] of Object.entries(chosen)) {
      const from = wishes[which] ?? to
      if (from !== to) moved.push({ name, which, from, to })
    }
    ports[name] = chosen
  }
  return { ports, moved }
}

interface Taken {
  readonly promised: ReadonlySet<number>
  readonly given: Set<number>
}

async function choose(wishes: Ports, preferred: Ports, { promised, given }: Taken): Promise<Ports> {
  const chosen: Record<string, number> = {}
  for (const [which, wish] of Object.entries(wishes)) {
    const usual = preferred[which] ?? wish
    const first = await freePort(wish, without(promised, wish, given))
    const port = first === wish ? first : await freePort(usual, without(promised, usual, given))
    given.add(port)
    chosen[which] = port
  }
  return chosen
}

/** What is promised to others, and what is given away already, the wish itself included. */
function without(promised: ReadonlySet<number>, wish: number, given: ReadonlySet<number>) {
  const others = new Set(promised)
  others.delete(wish)
  for (const port of given) others.add(port)
  return others
}
