import { indexDefinition } from './index-definition.ts'
import { patient, type TitleIndex } from './store.ts'

/** What an index knows of itself, in its mapping's `_meta`. */
export interface Filling {
  /** Whether every title of the catalogue has been brought into it. */
  readonly filled: boolean
  /** When whoever fills it last said so, epoch ms. */
  readonly at: number
  /** Which instance that is. */
  readonly by: string
}

/** An index of titles. */
export interface KnownIndex {
  readonly name: string
  /** Readers are sent here. */
  readonly isRead: boolean
  /** Changes are written here. */
  readonly isWritten: boolean
  readonly filling: Filling
}

/** Whatever is to be written carries this alias, so that a reindex is followed by changes from its first moment. */
const writeLabel = (alias: string): string => `${alias}_write`

/** A tombstone that is older than the topic's retention keeps nothing out any more (contract: 7 days). */
const tombstoneKeptMs = 7 * 86_400_000

/** A reindex may take longer than a request: it is waited for as a task of this long. */
const copyWithinMs = 600_000

/** All indexes `<alias>_v<n>`, the newest last. @throws Error when an index, and no alias, has readers' name */
export async function knownIndexes({ client, alias }: TitleIndex): Promise<readonly KnownIndex[]> {
  const { body } = await client.indices.get({
    index: `${alias},${alias}_v*`,
    ignore_unavailable: true,
    allow_no_indices: true,
  })
  const found = Object.entries(body as Record<string, RawIndex>)
  if (found.some(([name]) => name === alias))
    throw new Error(
      `"${alias}" is an index here and must be an alias: give its documents another name, delete it, and start again.`,
    )
  return found
    .map(([name, { aliases = {}, mappings }]) => ({
      name,
      isRead: alias in aliases,
      isWritten: writeLabel(alias) in aliases,
      filling: { ...unknown, ...mappings?._meta },
    }))
    .filter(({ name }) => numberOf(name) > 0)
    .sort((one, other) => numberOf(one.name) - numberOf(other.name))
}

interface RawIndex {
  readonly aliases?: object
  readonly mappings?: { readonly _meta?: Partial<Filling> }
}

/** An index that says nothing was made before indexes said it, and is full. */
const unknown: Filling = { filled: true, at: 0, by: '' }

const numberOf = (name: string): number => Number(/_v(\d+)$/.exec(name)?.[1] ?? 0)

/** The index that readers see. @throws Error when there are several, which no step of ours makes */
export function readIndex(indexes: readonly KnownIndex[]): KnownIndex | undefined {
  const [index, ...others] = indexes.filter(({ isRead }) => isRead)
  if (others.length > 0) throw new Error('Readers see several indexes at once.')
  return index
}

/**
 * What every index of titles is, whoever makes it: by hand, or from documents of another, it would guess its mapping and
 * find no Korean word.
 */
async function putTemplate({ client, alias, spread }: TitleIndex): Promise<void> {
  // The definition is plain JSON; the client's own type wants its string enums.
  const body = { index_patterns: [`${alias}_v*`], template: indexDefinition(spread) } as never
  await client.indices.putIndexTemplate({ name: alias, body }, patient)
}

/**
 * Makes the next index, empty, that changes are written to from now on.
 * @param readers true: readers see it at once, because they have none
 * @returns its name; undefined when somebody else made it at this moment
 */
export async function makeNextIndex(
  index: TitleIndex,
  known: readonly KnownIndex[],
  readers: boolean,
): Promise<string | undefined> {
  const { client, alias } = index
  const name = `${alias}_v${numberOf(known.at(-1)?.name ?? '') + 1}`
  const aliases = { [writeLabel(alias)]: {}, ...(readers && { [alias]: {} }) }
  const _meta: Filling = { filled: false, at: 0, by: '' }
  await putTemplate(index)
  try {
    const body = { mappings: { _meta } as never, aliases }
    await client.indices.create({ index: name, body }, patient)
    return name
  } catch (error) {
    if (isAlreadyThere(error)) return undefined
    throw error
  }
}

/** Makes an index for readers where they have none: of two replicas one makes it and the other finds it. */
export async function ensureIndex(index: TitleIndex): Promise<void> {
  const { body: exists } = await index.client.indices.existsAlias({ name: index.alias })
  if (exists) return
  const known = await knownIndexes(index)
  if (!readIndex(known)) await makeNextIndex(index, known, true)
}

/** Names of the indexes that changes go to: more than one while a reindex runs. */
export async function writableIndexes({ client, alias }: TitleIndex): Promise<readonly string[]> {
  const label = writeLabel(alias)
  const { body: labelled } = await client.indices.existsAlias({ name: label })
  if (!labelled) return []
  const { body } = await client.indices.getAlias({ name: label })
  return Object.keys(body)
}

/** Sends readers and changes to `to` alone, in one step. */
export async function switchTo(
  { client, alias }: TitleIndex,
  to: string,
  known: readonly KnownIndex[],
): Promise<void> {
  const others = known.filter(({ name }) => name !== to)
  const label = writeLabel(alias)
  const actions = [
    ...others.flatMap(({ name, isRead, isWritten }) => [
      ...(isRead ? [{ remove: { index: name, alias } }] : []),
      ...(isWritten ? [{ remove: { index: name, alias: label } }] : []),
    ]),
    { add: { index: to, alias } },
  ]
  await client.indices.updateAliases({ body: { actions } }, patient)
}

/** Deletes an index that nobody reads. */
export const dropIndex = async ({ client }: TitleIndex, name: string): Promise<void> =>
  void (await client.indices.delete({ index: name, ignore_unavailable: true }, patient))

/** Writes down how far the filling of an index is. */
export const noteFilling = async (
  { client }: TitleIndex,
  name: string,
  filling: Filling,
): Promise<void> =>
  void (await client.indices.putMapping(
    { index: name, body: { _meta: filling } as never },
    patient,
  ))

/** Makes everything that was written findable. */
export const refresh = async ({ client }: TitleIndex, name: string): Promise<void> =>
  void (await client.indices.refresh({ index: name }, patient))

/** Copies the tombstones that still keep late changes out, with their versions. */
export async function copyTombstones(
  { client }: TitleIndex,
  { from, to, now }: { from: string; to: string; now: number },
): Promise<void> {
  const young = { range: { updatedAt: { gt: now - tombstoneKeptMs } } }
  const body = {
    conflicts: 'proceed',
    source: { index: from, query: { bool: { filter: [{ term: { deleted: true } }, young] } } },
    dest: { index: to, version_type: 'external' },
  } as never
  await client.reindex({ body, refresh: false }, { requestTimeout: copyWithinMs })
}

const isAlreadyThere = (error: unknown): boolean =>
  error instanceof Error && error.message.includes('resource_already_exists_exception')
