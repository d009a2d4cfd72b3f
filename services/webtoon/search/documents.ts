import type { CatalogChange } from '../topics.ts'

/** What lies in the index: a title, or the tombstone of one. */
export type Document = {
  readonly id: string
  readonly version: number
  /** Epoch milliseconds. */
  readonly updatedAt: number
  readonly deleted: boolean
  readonly title?: string | undefined
  readonly author?: string | undefined
  readonly desc?: string | undefined
  readonly tags?: readonly string[] | undefined
}

/** The document of a change. A deletion becomes a tombstone, because an absent document forgets its version. */
export function documentOf(change: CatalogChange): Document {
  const { id, version, updatedAt, deleted = false, title, author, desc, tags } = change
  const known = { id, version, updatedAt, deleted }
  return deleted ? known : { ...known, title, author, desc, tags }
}

/** What a reader sees of a title; absent text is ''. */
export const viewOf = ({ id, version, updatedAt, title, author, desc, tags }: Document) => ({
  id,
  title: title ?? '',
  author: author ?? '',
  desc: desc ?? '',
  tags: tags ?? [],
  updatedAt,
  version,
})
