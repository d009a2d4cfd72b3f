import pg from 'pg'
import { textsOf } from '../../services/kit/testing/records.ts'
import { pageView } from '../../services/webtoon/topics.ts'
import type { Platform } from '../verify/check.ts'
import type { Fault } from './fault.ts'
import type { Kind, Op } from './history.ts'

const readWithinMs = 60_000
/** Of a hundred requests one may be without an answer, on a machine that does other things too. */
const silentShare = 0.01

/** What the stores say of a history: one sentence for each thing that must not be. */
export async function judge(
  { kafka, postgres }: Pick<Platform, 'kafka' | 'postgres'>,
  { ops, since }: { readonly ops: readonly Op[]; readonly since: number },
): Promise<readonly string[]> {
  const [events, texts] = await Promise.all([eventsIn(kafka, since), textsIn(postgres['catalog'])])
  return [...kept('event', ops, events), ...kept('title', ops, texts)]
}

/** Nothing that was acknowledged is lost, and nothing is there that was refused. */
export function kept(
  kind: Kind,
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

/** Kinds of use that noticed a fault which they should not have noticed. */
export const disturbed = (
  ops: readonly Op[],
  spares: readonly Kind[],
  share: number,
): readonly string[] =>
  spares.flatMap((kind) => {
    const of = ops.filter((op) => op.kind === kind)
    const bad = of.filter(({ outcome }) => outcome !== 'ok')
    if (bad.length <= (share === 0 ? 0 : Math.max(1, of.length * share))) return []
    const statuses = [...new Set(bad.map(({ status }) => status))].join(', ')
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

async function eventsIn(kafka: string, since: number): Promise<ReadonlySet<string>> {
  const shelf = { bootstrap: kafka, prefix: '' }
  const records = await textsOf(shelf, pageView, readWithinMs, since)
  return new Set(records.flatMap(({ value }) => /"eventId":"(prove-[^"]+)"/.exec(value)?.[1] ?? []))
}

/** Every text that a title ever had. */
async function textsIn(url: string | undefined): Promise<ReadonlySet<string>> {
  const client = new pg.Client(url)
  await client.connect()
  try {
    const { rows } = await client.query<{ desc: string }>(
      `select after->>'desc' as desc from catalog_audit where id like 'w-prove-%'`,
    )
    return new Set(rows.map((row) => row.desc))
  } finally {
    await client.end()
  }
}
