import { boardOfService } from '../services/model/board.ts'

/** Data sources have fixed uids (infra/observability and the local Grafana provision them): the kind is the uid. */
export type Source = 'prometheus' | 'tempo' | 'loki'

/** A titled way to elsewhere. `${…}` are Grafana's variables. */
export interface Link {
  readonly title: string
  readonly url: string
}

export const sourceOf = (kind: Source) => ({ type: kind, uid: kind })

/** To the board of the service that the clicked series is called by. */
export const toServiceBoard: Link = {
  title: 'Board of ${__series.name}',
  url: `/d/${boardOfService({ name: '${__series.name}' })}`,
}

/** To the traces that TraceQL finds, in the time that is looked at. */
export const toTraces = (title: string, traceql: string): Link => ({
  title,
  url: explore('tempo', { queryType: 'traceql', query: traceql }),
})

/** To a service's log lines. */
export const toLogs = (service: string): Link => ({
  title: 'Logs',
  url: explore('loki', { queryType: 'range', expr: `{service="${service}"}` }),
})

/** https://grafana.com/docs/grafana/latest/explore/get-started-with-explore/#generate-explore-urls-from-external-tools */
function explore(source: Source, query: Readonly<Record<string, string>>): string {
  const pane = {
    datasource: source,
    queries: [{ refId: 'A', datasource: sourceOf(source), ...query }],
    range: { from: '${__from}', to: '${__to}' },
  }
  return `/explore?schemaVersion=1&panes=${encoded(JSON.stringify({ a: pane }))}`
}

/** Percent signs and all, but for the variables: those Grafana fills in before it follows the link. */
const encoded = (text: string): string =>
  encodeURIComponent(text).replaceAll(/%24%7B(.+?)%7D/g, (_, name: string) => {
    return `\${${decodeURIComponent(name)}}`
  })
