import {
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkType,
  RowBuilder,
  type Dashboard,
} from '@grafana/grafana-foundation-sdk/dashboard'
import type { Board, Row } from './board.ts'
import { linkTo, sizeOf, visual } from './visuals.ts'

/** Tag of every board: the menu of boards is made of it. */
const tag = 'maru'
const columns = 24

/** Grafana's JSON of a board: panel ids, ref ids and grid positions are set here, in reading order. */
export function toGrafana(board: Board): Dashboard {
  const builder = new DashboardBuilder(board.title)
    .uid(board.uid)
    .description(board.summary)
    .tags([tag, board.product])
    .time({ from: 'now-30m', to: 'now' })
    .refresh('10s')
    .editable()
    .links([menu(), ...(board.links ?? []).map((link) => linkTo(link))])
    .tooltip(DashboardCursorSync.Crosshair)
  let id = 0
  let y = 0
  for (const row of board.rows) {
    const { places, bottom } = placesOf(row, y + 1)
    builder.withRow(new RowBuilder(row.title).id(++id).gridPos({ x: 0, y, w: columns, h: 1 }))
    row.panels.forEach((panel, index) => {
      builder.withPanel(
        visual(panel)
          .id(++id)
          .gridPos(places[index] ?? { x: 0, y, w: columns, h: 1 }),
      )
    })
    y = bottom
  }
  return builder.build()
}

const menu = () =>
  linkTo(
    { title: 'Boards', url: '' },
    { type: DashboardLinkType.Dashboards, tags: [tag], asDropdown: true, keepTime: true },
  )

/** From left to right, then on the next line, which begins under the highest of the last. */
function placesOf({ panels }: Row, top: number) {
  let [x, y, bottom] = [0, top, top]
  const places = panels.map((panel) => {
    const { w, h } = sizeOf(panel)
    if (x + w > columns) [x, y] = [0, bottom]
    const place = { x, y, w, h }
    x += w
    bottom = Math.max(bottom, y + h)
    return place
  })
  return { places, bottom }
}
