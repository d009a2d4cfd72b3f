/** What a test run counted. */
export interface Count {
  readonly passed: number
  readonly failed: number
}

/** One result line of TAP with what follows it. */
export interface TapResult {
  readonly ok: boolean
  /** Neither passed nor failed: skipped or to be done. */
  readonly left: boolean
  readonly title: string
  /** The block that explains a failure, without its fences. */
  readonly details: string
}

const resultLine = /^(ok|not ok)(?: \d+)?(?: - (.*))?$/
const leftMark = / # (SKIP|TODO)\b/i

/**
 * Reads the TAP that ava writes (https://testanything.org, version 13), line by line; each result is handed on
 * as soon as it and its block are complete.
 */
export function tapReader(onResult: (result: TapResult) => void) {
  let open: { ok: boolean; left: boolean; title: string; details: string[] } | undefined
  const close = (): void => {
    if (open) onResult({ ...open, details: open.details.join('\n') })
    open = undefined
  }
  return {
    line: (line: string): void => {
      const found = resultLine.exec(line)
      if (found) {
        close()
        const title = found[2] ?? ''
        const left = leftMark.test(title)
        open = { ok: found[1] === 'ok', left, title: title.replace(leftMark, ''), details: [] }
      } else if (line.startsWith('  ') && !/^ {2}(---|\.\.\.)$/.test(line)) {
        open?.details.push(line)
      }
    },
    end: close,
  }
}
