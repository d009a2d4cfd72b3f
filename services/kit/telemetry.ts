/** Loaded by `--import` before a service; configured by the standard `OTEL_*` variables only. */
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { NodeSDK } from '@opentelemetry/sdk-node'
import { BatchSpanProcessor, type SpanExporter } from '@opentelemetry/sdk-trace'
import { zipkinExporter } from './zipkin.ts'

/** A full queue drops spans: room for a burst, small waits so that a trace is whole within a second. */
const batch = {
  scheduledDelayMillis: 250,
  maxQueueSize: 8192,
  maxExportBatchSize: 512,
  exportTimeoutMillis: 2000,
}
/** `sdk.shutdown()` may hang for 10 s against a dead receiver; a stop must not wait for it. */
const shutdownWithinMs = 2000

const exporter = await chosenExporter()
if (exporter) {
  const sdk = new NodeSDK({
    spanProcessors: [new BatchSpanProcessor({ exporter, ...batch })],
    textMapPropagator: new W3CTraceContextPropagator(),
    instrumentations: [],
    metricReaders: [],
    logRecordProcessors: [],
  })
  sdk.start()
  Object.assign(globalThis, { maruStopTelemetry: () => Promise.race([stop(sdk), giveUp()]) })
}

/** The OTLP exporter is imported only where it is used: it brings protobuf along. */
async function chosenExporter(): Promise<SpanExporter | undefined> {
  const kind = process.env['OTEL_TRACES_EXPORTER'] ?? 'none'
  if (kind === 'zipkin') return zipkinExporter(process.env['OTEL_EXPORTER_ZIPKIN_ENDPOINT'] ?? '')
  if (kind !== 'otlp') return undefined
  const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-proto')
  return new OTLPTraceExporter()
}

/** Rejects when there is no receiver; spans are lost then and nothing else. */
const stop = (sdk: NodeSDK): Promise<void> => sdk.shutdown().catch(() => undefined)

const giveUp = (): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, shutdownWithinMs).unref())
