import pg from 'pg'
import { textsOf } from '../../../services/kit/testing/records.ts'
import { pageView } from '../../../services/webtoon/topics.ts'
import type { Platform } from '../../verify/check.ts'
import type { Op } from '../history.ts'
import { kept } from '../judge.ts'

const readWithinMs = 60_000

/** What the stores say of a history: one sentence for each thing that must not be. */
export async function judge(
  { kafka, postgres }: Pick<Platform, 'kafka' | 'postgres'>,
  { ops, since }: { readonly ops: readonly Op[]; readonly since: number },
): Promise<readonly string[]> {
  const [events, texts] = await Promise.all([eventsIn(kafka, since), textsIn(postgres['catalog'])])
  return [...kept('event', ops, events), ...kept('title', ops, texts)]
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
