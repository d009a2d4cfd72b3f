import { globSync } from 'node:fs'

/** How much of the tests: `fast` leaves out what takes long, `usual` only what takes very long. */
export type Extent = 'fast' | 'usual' | 'all'

const leftOut: Readonly<Record<Extent, RegExp>> = {
  fast: /\.(slow|e2e|all)\.test\.ts$/,
  usual: /\.all\.test\.ts$/,
  all: /(?!)/,
}

/** Whether a file takes very long; these need programs that have to be built. */
export const isVeryLong = (file: string): boolean => file.endsWith('.all.test.ts')

/** Whether a file fills the machine, as a whole platform does: these run last, one after the other. */
export const isAlone = (file: string): boolean => isVeryLong(file) || file.endsWith('.e2e.test.ts')

/** Test files of the checkout, relative to it. @param pattern part of a path, or a glob */
export function testFiles(root: string, extent: Extent, pattern?: string): readonly string[] {
  const folders = '{services,infra,dashboards,alerts,bench}/**/*.test.ts'
  const exclude = ['**/node_modules/**']
  const files = globSync(folders, { cwd: root, exclude }).filter(
    (one) => !leftOut[extent].test(one),
  )
  if (pattern === undefined) return files.sort()
  const matching = new Set(globSync(pattern, { cwd: root, exclude }))
  return files.filter((file) => file.includes(pattern) || matching.has(file)).sort()
}
