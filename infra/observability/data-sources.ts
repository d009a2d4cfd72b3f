/** Stores that Grafana may ask, by kind: the kind is also the fixed uid, so that boards and links last. */
export type SourceUrls = {
  readonly [kind in 'prometheus' | 'tempo' | 'zipkin' | 'loki' | 'alertmanager']?:
    string | undefined
}

type Kind = keyof SourceUrls

/** How far around a span its logs and its metrics are looked for. */
const around = { spanStartTimeShift: '-5m', spanEndTimeShift: '5m' }

/** A span's service is a metric's and a log's label `service`. */
const tags = [{ key: 'service.name', value: 'service' }]

/** A file that provisions Grafana's data sources, each linked with those others that are there. */
export function dataSources(urls: SourceUrls) {
  const kinds = (Object.keys(urls) as Kind[]).filter((kind) => urls[kind] !== undefined)
  return {
    apiVersion: 1,
    datasources: kinds.map((kind) => ({
      name: kind,
      uid: kind,
      type: kind,
      access: 'proxy',
      url: urls[kind],
      isDefault: kind === 'prometheus',
      jsonData: links[kind](new Set(kinds)),
    })),
  }
}

/** What a click leads to. `$$` is a dollar sign: Grafana fills in variables of the environment in these files. */
const links: Readonly<Record<Kind, (there: ReadonlySet<Kind>) => object>> = {
  prometheus: (there) => exemplars(there.has('tempo') ? 'tempo' : 'zipkin'),
  tempo: (there) => ({
    nodeGraph: { enabled: true },
    ...(there.has('prometheus') && { serviceMap: { datasourceUid: 'prometheus' }, ...toMetrics }),
    ...(there.has('loki') && toLogs),
  }),
  zipkin: () => ({}),
  loki: (there) => (there.has('tempo') ? toTrace : {}),
  alertmanager: () => ({ implementation: 'prometheus' }),
}

/** The kit writes `trace_id`, Tempo's span metrics `traceID`. */
const exemplars = (store: Kind) => ({
  exemplarTraceIdDestinations: ['trace_id', 'traceID'].map((name) => ({
    name,
    datasourceUid: store,
  })),
})

const toMetrics = {
  tracesToMetrics: {
    datasourceUid: 'prometheus',
    ...around,
    tags,
    queries: [
      { name: 'Requests', query: 'sum(rate(http_server_requests_seconds_count{$$__tags}[5m]))' },
      {
        name: '95th percentile',
        query:
          'histogram_quantile(0.95, sum by (le) (rate(http_server_requests_seconds_bucket{$$__tags}[5m])))',
      },
    ],
  },
}

const toLogs = {
  tracesToLogsV2: {
    datasourceUid: 'loki',
    ...around,
    tags,
    customQuery: true,
    query: '{$${__tags}} | trace_id = "$${__trace.traceId}"',
  },
}

const toTrace = {
  derivedFields: [
    {
      name: 'trace_id',
      matcherType: 'label',
      matcherRegex: 'trace_id',
      url: '$${__value.raw}',
      datasourceUid: 'tempo',
      urlDisplayLabel: 'Trace',
    },
  ],
}
