import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A hand-written source file, path from the repository's root. */
export interface Source {
  readonly path: string
  readonly text: string
}

/** Rendered and fetched files are not judged. */
const notWritten = /(^|\/)(rendered|node_modules)\/|^docs\/api\/|package-lock\.json$/

/**
 * Files that git tracks or would track, by ending. Files that are deleted but not committed are left out.
 * @param root the repository's root folder
 */
export function sourcesIn(root: string, ending: RegExp): readonly Source[] {
  const listed = execFileSync(
    'git',
    ['ls-files', '-z', '--cached', '--others', '--exclude-standard'],
    {
      cwd: root,
      encoding: 'utf8',
      maxBuffer: 1 << 26,
    },
  )
  return [...new Set(listed.split('\0'))]
    .filter((path) => ending.test(path) && !notWritten.test(path))
    .flatMap((path) => read(root, path))
}

/** Tests, and what only the tests of one service use. */
export const isTest = ({ path }: Pick<Source, 'path'>): boolean =>
  path.endsWith('.test.ts') || /^services\/(?!kit\/).+\/testing\.ts$/.test(path)

function read(root: string, path: string): Source[] {
  try {
    return [{ path, text: readFileSync(join(root, path), 'utf8') }]
  } catch {
    return []
  }
}
