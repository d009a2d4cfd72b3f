import { closeSync, existsSync, openSync, readFileSync, readSync, statSync } from 'node:fs'
import { StringDecoder } from 'node:string_decoder'
import { setTimeout as delay } from 'node:timers/promises'

const lookEveryMs = 100

/** All lines of a log with those that the rotation put aside. */
export const readFile = (file: string): readonly string[] =>
  [`${file}.1`, file]
    .filter((one) => existsSync(one))
    .flatMap((one) => readFileSync(one, 'utf8').split('\n'))
    .filter((line) => line !== '')

/** Hands on each new line of the files until the signal aborts. A file that was emptied starts anew. */
export async function followFiles(
  files: readonly string[],
  show: (line: string) => void,
  signal?: AbortSignal,
): Promise<void> {
  const places = files.map((file) => ({
    file,
    at: sizeOf(file),
    rest: '',
    decoder: new StringDecoder(),
  }))
  while (signal?.aborted !== true) {
    for (const place of places) {
      const size = sizeOf(place.file)
      if (size < place.at) place.at = 0
      // What was written so far may end inside a character.
      const text = place.decoder.write(readFrom(place.file, place.at, size))
      const lines = (place.rest + text).split('\n')
      place.at = size
      place.rest = lines.pop() ?? ''
      lines.forEach(show)
    }
    await delay(lookEveryMs)
  }
}

const sizeOf = (file: string): number => (existsSync(file) ? statSync(file).size : 0)

function readFrom(file: string, from: number, to: number): Buffer {
  if (to <= from) return Buffer.alloc(0)
  const descriptor = openSync(file, 'r')
  try {
    const buffer = Buffer.alloc(to - from)
    readSync(descriptor, buffer, 0, buffer.length, from)
    return buffer
  } finally {
    closeSync(descriptor)
  }
}
