import type { Here } from '../addresses.ts'
import { engines } from '../engines/engines.ts'
import { poll } from '../poll.ts'
import { siteOf, traceStoreOf } from '../sites.ts'

/** It started beside the others: what is left of its start is short, and nobody fails without it. */
const withinMs = 3_000

/** Waits a moment for the trace store, so that the trace of the first request is not lost. Never fails. */
export async function traceStoreListens({ where, installation }: Here): Promise<void> {
  const name = traceStoreOf(installation)
  if (installation.supplies[name] === undefined) return
  const site = await siteOf(name, where, installation)
  const listens = (): Promise<true | undefined> | undefined =>
    engines[name]?.probe(site).then(
      () => true,
      () => undefined,
    )
  await poll(listens, { withinMs, everyMs: 100 })
}
