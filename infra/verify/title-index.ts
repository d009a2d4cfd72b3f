import { Client as OpenSearch } from '@opensearch-project/opensearch'
import pg from 'pg'
import { titleIndex } from '../../services/webtoon/stores.ts'
import { poll } from '../local/poll.ts'
import type { Check, Platform } from './check.ts'

/** What a relay had claimed that was killed is left to it for 30 s. */
const agreeWithinMs = 45_000
const pageSize = 1000

/** The index holds the titles of the catalogue in their present versions, and nothing else. */
export const titles: Check = {
  name: 'title index',
  says: 'the index holds what the catalogue does, in the same versions',
  run: async (platform) => {
    const look = async () => {
      const [kept, indexed] = await Promise.all([catalogued(platform), indexedTitles(platform)])
      return { kept, broken: differences(kept, indexed) }
    }
    const agreed = await poll(
      async () => {
        const now = await look()
        return now.broken.length === 0 ? now : undefined
      },
      { withinMs: agreeWithinMs, everyMs: 500 },
    )
    const { kept, broken } = agreed ?? (await look())
    return { seen: kept.size, unit: 'titles', broken: broken.slice(0, 20) }
  },
}

type Versions = ReadonlyMap<string, number>

function differences(kept: Versions, indexed: Versions): readonly string[] {
  const ids = [...new Set([...kept.keys(), ...indexed.keys()])]
  const said = (version: number | undefined): string =>
    version === undefined ? 'nothing' : `version ${version}`
  return ids
    .filter((id) => kept.get(id) !== indexed.get(id))
    .map(
      (id) => `${id}: the catalogue has ${said(kept.get(id))}, the index ${said(indexed.get(id))}`,
    )
}

async function catalogued({ postgres }: Platform): Promise<Versions> {
  const client = new pg.Client(postgres['catalog'])
  await client.connect()
  try {
    const { rows } = await client.query<{ id: string; version: string }>(
      'select id, version from catalog where deleted_at is null',
    )
    return new Map(rows.map(({ id, version }) => [id, Number(version)]))
  } finally {
    await client.end()
  }
}

interface Hit {
  readonly _id: string
  readonly _version?: number
  readonly sort?: readonly string[]
}

/** Read past the search service, in pages. */
async function indexedTitles({ opensearch }: Platform): Promise<Versions> {
  const client = new OpenSearch({ node: opensearch })
  const found = new Map<string, number>()
  await client.indices.refresh({ index: titleIndex.name })
  for (let after: readonly string[] | undefined; ;) {
    const { body } = await client.search({
      index: titleIndex.name,
      body: {
        size: pageSize,
        version: true,
        _source: false,
        query: { match_all: {} },
        sort: [{ _id: 'asc' }],
        ...(after && { search_after: [...after] }),
      },
    })
    const hits = body.hits.hits as unknown as readonly Hit[]
    for (const { _id, _version } of hits) found.set(_id, Number(_version))
    if (hits.length < pageSize) return found
    after = hits.at(-1)?.sort
  }
}
