import { obtainBinaries, tools, type ToolName } from '../../go/binaries.ts'
import type { Places } from '../paths.ts'
import { isVeryLong } from './files.ts'

/**
 * Builds what the very long tests need, once per user; at once where it is there.
 * @returns when it is there, or when it could not be had: the tests then say why
 */
export async function programsFor(
  files: readonly string[],
  { cache }: Places,
  say: (line: string) => void,
): Promise<void> {
  if (!files.some(isVeryLong)) return
  await obtainBinaries(Object.keys(tools) as ToolName[], { cache, say }).catch((error: Error) =>
    say(error.message),
  )
}
