import { styleText } from 'node:util'

type Format = Parameters<typeof styleText>[0]

/** Text in a colour, where stdout is a terminal that wants colours (NO_COLOR). */
export const paint = (format: Format, text: string): string =>
  styleText(format, text, { stream: process.stdout })

/** Prints one line of data on stdout. */
export const print = (line = ''): void => void process.stdout.write(`${line}\n`)

/** Prints data as JSON on stdout. */
export const printJson = (value: unknown): void => print(JSON.stringify(value, null, 2))

/** Says one line of progress on stderr. */
export const say = (line: string): void => void process.stderr.write(`${line}\n`)

/** Columns of equal width, two spaces apart; the cells may be painted. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = []
  for (const row of rows) {
    row.forEach((cell, at) => (widths[at] = Math.max(widths[at] ?? 0, plain(cell).length)))
  }
  const pad = (cell: string, at: number): string =>
    cell + ' '.repeat((widths[at] ?? 0) - plain(cell).length)
  return rows.map((row) => row.map(pad).join('  ').trimEnd()).join('\n')
}

const plain = (text: string): string => text.replace(/\u001B\[[\d;]*m/g, '')

/** `12 s`, `3 min`, `5 h`, `2 d`. */
export function ago(ms: number): string {
  const seconds = Math.round(ms / 1000)
  if (seconds < 120) return `${seconds} s`
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} d`
}
