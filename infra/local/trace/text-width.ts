/** Characters that take two cells of a terminal: East Asian Width W and F (Unicode Annex 11), and emoji. */
const wide =
  /^[\u1100-\u115F\u2E80-\u303E\u3041-\uA4CF\uA960-\uA97F\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6\u{1F300}-\u{1F64F}\u{1F900}-\u{1F9FF}\u{20000}-\u{3FFFD}]/u
const invisible = /^[\p{Mn}\p{Me}\p{Cf}\u200B]+$/u
const colours = /\u001B\[[\d;]*m/g

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

/** Cells of a terminal that a text takes; colours take none. */
export function widthOf(text: string): number {
  let width = 0
  for (const { segment } of graphemes.segment(text.replace(colours, ''))) width += cellsOf(segment)
  return width
}

/** The text (without colours) in exactly `width` cells: cut with `…`, or filled with spaces. */
export const fit = (text: string, width: number): string => fill(cut(text, width), width)

/** The text with spaces behind it up to `width` cells. */
export const fill = (text: string, width: number): string =>
  text + ' '.repeat(Math.max(0, width - widthOf(text)))

/** The text (without colours) in at most `width` cells. */
export function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text
  let [kept, used] = ['', 0]
  for (const { segment } of graphemes.segment(text)) {
    used += cellsOf(segment)
    if (used > width - 1) break
    kept += segment
  }
  return width > 0 ? `${kept}…` : ''
}

function cellsOf(grapheme: string): number {
  if (invisible.test(grapheme)) return 0
  return wide.test(grapheme) ? 2 : 1
}
