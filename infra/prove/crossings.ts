import type { Mark } from '../../services/kit/testing/proxy.ts'
import { within } from '../../services/kit/within.ts'
import { together, type Heal } from '../drill/drill.ts'
import { fault, nothing, type Fault } from './fault.ts'
import type { ProvingGround } from './ground.ts'
import type { Edge, Server } from './wires.ts'

/** A server with who uses it, and what notices when the way there is bad. */
export interface Way<Kind extends string> {
  readonly server: Server
  readonly users: readonly string[]
  readonly notice: readonly Kind[]
}

const resetsPerSecond = 3

const edgesOf = ({ server, users }: Pick<Way<string>, 'server' | 'users'>): readonly Edge[] =>
  users.map((service) => ({ service, server }))

/** Connections break again and again. */
export const resets = <Kind extends string>(way: Way<Kind>): Fault<Kind> =>
  fault({
    name: `reset-${way.server}`,
    says: `connections to ${way.server} are reset again and again`,
    notice: way.notice,
    wires: edgesOf(way),
    lastsMs: { least: 2000, most: 4000 },
    inject: async ({ repeat, wire }) =>
      repeat(resetsPerSecond, async () => edgesOf(way).forEach((edge) => wire(edge).reset())),
  })

/** @param ms in each direction */
export const slowness = <Kind extends string>(way: Way<Kind>, ms: number): Fault<Kind> =>
  fault({
    name: `slow-${way.server}`,
    says: `the way to ${way.server} takes ${ms} ms, and as long back`,
    notice: way.notice,
    wires: edgesOf(way),
    lastsMs: { least: 3000, most: 5000 },
    inject: async ({ wire }) => {
      const wires = edgesOf(way).map(wire)
      wires.forEach((one) => one.slow(ms))
      return together(...wires.map((one) => async () => one.mend()))
    },
  })

/** A place where a service writes, or has somebody write. */
export interface Crossing<Kind extends string> {
  readonly name: string
  readonly says: string
  readonly server: Server
  /** Who may be the one; the seed chooses. */
  readonly services: readonly [string, ...string[]]
  /** Recognise the write on the wire: they come one after the other on one connection. */
  readonly marks: readonly [Mark, ...Mark[]]
  /** What notices when its reply is lost, and what when its writer dies. */
  readonly notice: readonly [lost: readonly Kind[], dead: readonly Kind[]]
  /** Makes it write, where the load does not. */
  provoke?(ground: ProvingGround): Promise<Heal>
}

const comesWithinMs = 15_000

/** The ambiguous end of a write: it was done, and its writer does not hear so. */
export const lostReply = <Kind extends string>({
  name,
  says,
  marks,
  notice,
  provoke,
  ...place
}: Crossing<Kind>): Fault<Kind> =>
  fault({
    name: `lost-reply-${name}`,
    says: `${says}, and the reply is lost`,
    notice: notice[0],
    wires: wiresOf(place),
    wellWithinMs: 60_000,
    inject: async (ground) => {
      const wires = wiresOf(place).map(ground.wire)
      for (const wire of wires) wire.cutRepliesAfter(marks, 'taken')
      named(place, wires)
      const calm = await provoke?.(ground)
      return together(...wires.map((wire) => async () => wire.mend()), calm ?? nothing)
    },
  })

/** The writer dies just before the server gets the write, or just before it hears that it was done. */
export const deathAt = <Kind extends string>({
  name,
  says,
  marks,
  notice,
  provoke,
  ...place
}: Crossing<Kind>): Fault<Kind> =>
  fault({
    name: `kill-at-${name}`,
    says: `${says}, and ${place.services.join(' or ')} dies then`,
    notice: notice[1],
    ends: place.services.map((service) => `${service}-1`),
    isAbrupt: true,
    wires: wiresOf(place),
    lastsMs: { least: 0, most: 0 },
    wellWithinMs: 60_000,
    inject: async (ground, random) => {
      const service = place.services[Math.floor(random() * place.services.length)] ?? ''
      const wire = ground.wire({ service, server: place.server })
      const stands = wire.standStill(marks, random() < 0.5 ? 'lost' : 'arrives')
      named(place, [wire])
      const calm = await provoke?.(ground)
      try {
        await within(stands, comesWithinMs, `${service} did not write to ${place.server}`)
        await ground.kill(`${service}-1`)
      } finally {
        wire.mend()
        await calm?.()
      }
      return nothing
    },
  })

const wiresOf = ({
  services,
  server,
}: Pick<Crossing<string>, 'services' | 'server'>): readonly Edge[] =>
  services.map((service) => ({ service, server }))

/** A statement goes to MariaDB by its text once a connection, then by a number: new connections begin with texts. */
function named(
  { server }: Pick<Crossing<string>, 'server'>,
  wires: readonly { reset(): void }[],
): void {
  if (server === 'mariadb') wires.forEach((wire) => wire.reset())
}
