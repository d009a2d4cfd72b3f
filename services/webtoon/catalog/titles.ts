import { Problem } from '../../kit/problem.ts'
import type { CatalogChange } from '../topics.ts'

/** What a writer may say about a title. */
export interface Draft {
  readonly id: string
  readonly title: string
  readonly author?: string | null | undefined
  readonly desc?: string | null | undefined
  readonly tags?: readonly string[] | null | undefined
}

/** A title's row. */
export interface Title {
  readonly id: string
  readonly title: string
  readonly author: string | null
  readonly desc: string | null
  readonly tags: readonly string[]
  readonly version: number
  /** Epoch milliseconds. */
  readonly updatedAt: number
  /** A tombstone. */
  readonly deleted: boolean
}

/** What a writer believes to be current. */
export interface Expectation {
  /** `If-Match` as it came. */
  readonly ifMatch?: string | undefined
  /** The body's `version`; 0: nothing there. */
  readonly version?: number | undefined
}

export type Change = 'created' | 'updated' | 'deleted'

/** @throws Problem 412 when `If-Match` names another version, 409 with `currentVersion` when `version` does */
export function expectCurrent(current: Title | undefined, expected: Expectation): void {
  if (expected.ifMatch !== undefined && !matches(expected.ifMatch, current))
    throw new Problem(412, 'PRECONDITION_FAILED', 'The title is not at the version of If-Match.', {
      members: { currentVersion: versionOf(current) },
    })
  if (expected.version !== undefined && !isCurrent(expected.version, current))
    throw new Problem(409, 'VERSION_CONFLICT', staleSentence(expected.version, current), {
      members: { currentVersion: versionOf(current) },
    })
}

/** The strong validator of a title, e.g. `"3"`. */
export const etagOf = ({ version }: Pick<Title, 'version'>): string => `"${version}"`

/** Whether a list of entity tags names the title as it is (RFC 9110 §13.1.1); `*` any that is there. */
export const matches = (tags: string, current: Title | undefined): boolean =>
  current !== undefined &&
  !current.deleted &&
  (tags.trim() === '*' || tags.split(',').some((tag) => tag.trim() === etagOf(current)))

/** What happens to `current` when it is written. */
export const changeFrom = (current: Title | undefined): Change =>
  current === undefined || current.deleted ? 'created' : 'updated'

/** What a reader sees. */
export const viewOf = ({ id, title, author, desc, tags, updatedAt, version }: Title) => ({
  id,
  title,
  author: author ?? '',
  desc: desc ?? '',
  tags,
  updatedAt: new Date(updatedAt).toISOString(),
  version,
})

/** What the rest of the product is told. */
export function eventOf(title: Title): CatalogChange {
  const { id, version, updatedAt } = title
  if (title.deleted) return { id, version, updatedAt, deleted: true }
  return {
    id,
    version,
    updatedAt,
    title: title.title,
    ...(title.author !== null && { author: title.author }),
    ...(title.desc !== null && { desc: title.desc }),
    tags: [...title.tags],
  }
}

const versionOf = (current: Title | undefined): number => current?.version ?? 0

// 0 fits a tombstone too: for readers nothing is there.
const isCurrent = (version: number, current: Title | undefined): boolean =>
  version === versionOf(current) || (version === 0 && current?.deleted === true)

const staleSentence = (version: number, current: Title | undefined): string =>
  `The title is at version ${versionOf(current)}, not ${version}: read it again and repeat the change.`
