import type { Source } from './sources.ts'

const window = 6

/**
 * Share of code lines that stand in a window of six that occurs again elsewhere, 0 to 1. Blank lines, comments,
 * imports and lone punctuation do not count.
 */
export function repeatedShare(sources: readonly Source[]): {
  share: number
  places: readonly string[]
} {
  const seen = new Map<string, string[]>()
  const lines = sources.flatMap((source) => codeLines(source))
  const repeated = new Set<number>()
  for (let start = 0; start + window <= lines.length; start++) {
    const slice = lines.slice(start, start + window)
    if (slice[0]?.path !== slice[window - 1]?.path) continue
    const key = slice.map((line) => line.text).join('\n')
    seen.set(key, [...(seen.get(key) ?? []), String(start)])
  }
  const places: string[] = []
  for (const starts of seen.values()) {
    if (starts.length < 2) continue
    places.push(starts.map((start) => place(lines[Number(start)])).join(' ~ '))
    for (const start of starts) for (let n = 0; n < window; n++) repeated.add(Number(start) + n)
  }
  return { share: repeated.size / Math.max(1, lines.length), places }
}

interface Line {
  readonly path: string
  readonly number: number
  readonly text: string
}

const place = (line: Line | undefined): string => `${line?.path}:${line?.number}`

const codeLines = ({ path, text }: Source): Line[] =>
  withoutImports(text)
    .split('\n')
    .map((line, index) => ({ path, number: index + 1, text: line.trim() }))
    .filter(({ text: line }) => /[A-Za-z0-9]/.test(line) && !/^(\/\/|\/?\*|--|#)/.test(line))

/** Line numbers stay: what is dropped leaves its line breaks. */
const withoutImports = (text: string): string =>
  text.replaceAll(/^import [\s\S]*?from '.*'$|^import '.*'$/gm, (found) =>
    found.replaceAll(/[^\n]/g, ''),
  )
