import type { Fault } from './fault.ts'
import type { Op } from './history.ts'

/** Of a hundred requests one may be without an answer, on a machine that does other things too. */
const silentShare = 0.01

/** Nothing that was acknowledged is lost, and nothing is there that was refused. */
export function kept(
  kind: string,
  ops: readonly Op[],
  stored: ReadonlySet<string>,
): readonly string[] {
  const of = ops.filter((op) => op.kind === kind)
  const ids = (outcome: Op['outcome']): Set<string> =>
    new Set(of.filter((op) => op.outcome === outcome).map(({ id }) => id))
  const [ok, unknown] = [ids('ok'), ids('unknown')]
  const lost = [...ok].filter((id) => !stored.has(id))
  const phantom = [...ids('refused')].filter(
    (id) => stored.has(id) && !ok.has(id) && !unknown.has(id),
  )
  return [
    ...lost.map((id) => `${kind} ${id} was acknowledged and is not in its store`),
    ...phantom.map((id) => `${kind} ${id} was refused and is in its store`),
  ]
}

/**
 * Kinds of use that must not notice a fault. Where everybody who ends has a twin, nobody may.
 * @param instances what runs, by name
 */
export const spared = (
  kinds: readonly string[],
  { ends, notice }: Pick<Fault, 'ends' | 'notice'>,
  instances: { has(name: string): boolean },
): readonly string[] => {
  const twins = ends.map((name) => (name.endsWith('-1') ? name.replace(/1$/, '2') : undefined))
  return ends.length > 0 && twins.every((twin) => twin !== undefined && instances.has(twin))
    ? kinds
    : kinds.filter((kind) => !notice.includes(kind))
}

/** Requests that were not under way at some time between two moments, epoch ms. */
export const aside = (
  ops: readonly Op[],
  { from, to }: { readonly from: number; readonly to: number },
): readonly Op[] => ops.filter(({ at, ms }) => at > to || at + ms < from)

/** Kinds of use that noticed a fault which they should not have noticed. */
export const disturbed = (
  ops: readonly Op[],
  spares: readonly string[],
  share: number,
): readonly string[] =>
  spares.flatMap((kind) => {
    const of = ops.filter((op) => op.kind === kind)
    const bad = of.filter(({ outcome }) => outcome !== 'ok')
    if (bad.length <= (share === 0 ? 0 : Math.max(1, of.length * share))) return []
    const statuses = [
      ...new Set(bad.map(({ status, code }) => [status, code].join(' ').trim())),
    ].join(', ')
    return [
      `${bad.length} of ${of.length} of kind ${kind} failed (${statuses}), which the fault should spare`,
    ]
  })

/** Requests that nobody answered in time, though the front door stood: whoever waits for something gives up by itself. */
export const hung = (ops: readonly Op[], { ends }: Pick<Fault, 'ends'>): readonly string[] => {
  if (ends.some((name) => name.startsWith('gateway-'))) return []
  const silent = ops.filter(({ status }) => status === 0)
  return silent.length <= Math.max(1, ops.length * silentShare)
    ? []
    : [`${silent.length} of ${ops.length} requests were not answered at all`]
}
