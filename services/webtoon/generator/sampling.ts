import { randomBytes } from 'node:crypto'
import { context as active, type Tracer } from '@opentelemetry/api'
import { contextFrom, inSpan, SpanKind } from '../../kit/spans.ts'

/** Runs work as the beginning of a trace. */
export type Traced = <Value>(name: string, work: () => Promise<Value>) => Promise<Value>

const keptEvery = 100

/**
 * Load must not fill the trace store: the first piece of work and every hundredth after it begin a trace that is
 * kept; the others begin one whose `traceparent` tells everybody downstream not to keep it.
 */
export function oneInAHundred(tracer: Tracer): Traced {
  let count = 0
  return (name, work) =>
    count++ % keptEvery === 0
      ? inSpan(tracer, name, { kind: SpanKind.INTERNAL, parent: 'root' }, work)
      : active.with(contextFrom(unsampled()), work)
}

function unsampled(): string {
  const ids = randomBytes(24).toString('hex')
  return `00-${ids.slice(0, 32)}-${ids.slice(32)}-00`
}
