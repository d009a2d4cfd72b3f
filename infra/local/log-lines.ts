import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs'

const tailBytes = 16_384

/** The last lines of a log file, for an error message; empty when there is none. */
export function lastLinesOf(file: string, count = 14): string {
  if (!existsSync(file)) return ''
  const descriptor = openSync(file, 'r')
  try {
    const { size } = fstatSync(descriptor)
    const buffer = Buffer.alloc(Math.min(size, tailBytes))
    readSync(descriptor, buffer, 0, buffer.length, size - buffer.length)
    return buffer.toString().trimEnd().split('\n').slice(-count).join('\n')
  } finally {
    closeSync(descriptor)
  }
}
