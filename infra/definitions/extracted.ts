import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Kind } from './kinds.ts'

/** Path of the committed definition of a kind. */
export const extractedFile = ({ group, plural }: Kind): string =>
  join(import.meta.dirname, 'rendered', `${group}_${plural}.json`)

/** The `spec` of a committed real definition. */
export function extracted(kind: Kind): Record<string, unknown> {
  const { 'x-rendered': _, ...spec } = JSON.parse(
    readFileSync(extractedFile(kind), 'utf8'),
  ) as Record<string, unknown>
  return spec
}
