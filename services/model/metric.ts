/** A Prometheus metric that a service exports; dashboards and alerts refer to the constant. */
export interface Metric<Label extends string = string> {
  readonly kind: 'metric'
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly name: string
  readonly help: string
  /** Label names with the values that exist from the start at 0; an empty list means the values come at run time. */
  readonly labels: Readonly<Record<Label, readonly string[]>>
  /** Upper bounds in the unit of the name; histograms only. */
  readonly buckets: readonly number[]
}

type Declared<Label extends string> = {
  help: string
  labels?: Readonly<Record<Label, readonly string[]>>
  buckets?: readonly number[]
}

/** Declares a counter. The name ends in `_total`. */
export const counter = <Label extends string = never>(name: string, declared: Declared<Label>) =>
  metric('counter', name, declared)

/** Declares a gauge, in base units. */
export const gauge = <Label extends string = never>(name: string, declared: Declared<Label>) =>
  metric('gauge', name, declared)

/** Declares a histogram, in base units (`_seconds`, `_bytes`). `buckets` default to `latencySeconds`. */
export const histogram = <Label extends string = never>(name: string, declared: Declared<Label>) =>
  metric('histogram', name, { buckets: latencySeconds, ...declared })

/** Upper bounds of every latency histogram; SLO targets are added by `http` (contract: spec of ingest). */
export const latencySeconds: readonly number[] = [
  0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 5,
]

function metric<Label extends string>(
  type: Metric['type'],
  name: string,
  declared: Declared<Label>,
): Metric<Label> {
  const labels = declared.labels ?? ({} as Record<Label, readonly string[]>)
  return {
    kind: 'metric',
    type,
    name,
    help: declared.help,
    labels,
    buckets: declared.buckets ?? [],
  }
}

/** The histogram of every HTTP server: labels `method`, `uri` (route template) and `status`, seconds. */
export const httpServerRequests = 'http_server_requests_seconds'

/** The histogram of every call to a store, at the client: labels `system` and `operation`, seconds. */
export const storeOperations = 'db_client_operation_duration_seconds'

/** Records of a partition that a group has not read: labels `group`, `topic` and `partition`. */
export const consumerLag = 'kafka_consumergroup_lag'
