import { kinds, type Kind } from './kinds.ts'

/** Rows of the page's table: kind, version, how far its objects are checked, and by what. */
export const definitionRows = (): readonly (readonly string[])[] =>
  kinds.map((kind) => [kind.kind, `${kind.group}/${kind.version}`, ...sourceOf(kind)])

const sourceOf = ({ definition }: Kind): readonly [string, string] =>
  'module' in definition
    ? ['the real definition', `\`${definition.module}\``]
    : ['a closed schema of the fields in use', `[documentation](${definition.documented})`]
