import type { Paint } from '../trace/waterfall.ts'

/** Where the tour tells its story: headings, steps with their times, and what there is to look at. */
export interface Stage {
  readonly paint: Paint
  readonly width: number
  heading(text: string): void
  /** Tells what is about to take long. */
  note(text: string): void
  /** Runs one step and tells how it ended and how long it took. @throws Error that names the step */
  step<Value>(what: string, work: () => Promise<Told<Value>>): Promise<Value>
  show(lines: readonly string[]): void
}

/** What a step found, and what to say of it. */
export interface Told<Value> {
  readonly value: Value
  readonly say?: string
}

/** A stage that writes lines. */
export function stage(look: {
  readonly paint: Paint
  readonly width: number
  readonly write: (line: string) => void
}): Stage {
  const { paint, width, write } = look
  return {
    paint,
    width,
    heading: (text) => write(`\n${paint('bold', text)}`),
    note: (text) => write(paint('gray', `  … ${text}`)),
    step: async (what, work) => {
      const began = performance.now()
      const seconds = (): string =>
        paint('gray', `${((performance.now() - began) / 1000).toFixed(1)} s`)
      try {
        const { value, say } = await work()
        write(
          `  ${paint('green', '✓')} ${say === undefined ? what : `${what}: ${say}`}  ${seconds()}`,
        )
        return value
      } catch (error) {
        write(`  ${paint('red', '✗')} ${what}  ${seconds()}`)
        throw new Error(`${what}: ${(error as Error).message}`, { cause: error })
      }
    },
    show: (lines) => lines.forEach((line) => write(line === '' ? '' : `  ${line}`)),
  }
}
