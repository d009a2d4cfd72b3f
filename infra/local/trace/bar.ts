/** The time that a whole line stands for, in microseconds. */
export interface Scale {
  readonly fromUs: number
  readonly toUs: number
}

const left = ['█', '▉', '▊', '▋', '▌', '▍', '▎', '▏']

/**
 * A bar of `width` cells: spaces, then as many blocks as the span took; at least one eighth of a cell, so that
 * the shortest span can be seen.
 */
export function barOf(
  { startUs, durationUs }: { startUs: number; durationUs: number },
  { fromUs, toUs }: Scale,
  width: number,
): string {
  const cellsPerUs = width / Math.max(1, toUs - fromUs)
  const begin = Math.min(width - 1, Math.floor((startUs - fromUs) * cellsPerUs))
  const eighths = Math.max(1, Math.round(durationUs * cellsPerUs * 8))
  const room = (width - begin) * 8
  return (' '.repeat(begin) + blocks(Math.min(eighths, room))).padEnd(width)
}

/** As many eighths of a cell. */
export const blocks = (eighths: number): string => {
  const rest = eighths % 8
  return '█'.repeat(Math.floor(eighths / 8)) + (rest > 0 ? (left[8 - rest] ?? '') : '')
}
