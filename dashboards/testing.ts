import type { GridPos } from '@grafana/grafana-foundation-sdk/dashboard'
import type { Link } from './links.ts'

/** Every cell of the grid that a panel lies on. */
export function placesIn({ x, y, w, h }: GridPos = { x: 0, y: 0, w: 0, h: 0 }): readonly string[] {
  const columns = Array.from({ length: w }, (_, n) => x + n)
  return columns.flatMap((column) => Array.from({ length: h }, (_, n) => `${column} ${y + n}`))
}

/** Where links lead from a series of that name, as Grafana fills them in. */
export const urlsOf = (links: readonly Link[] = [], series: string): readonly string[] =>
  links.map(({ url }) => url.replaceAll('${__series.name}', series))
