import { counter, gauge } from '../../model/metric.ts'

export const verdictKinds = [
  'approved',
  'declined',
  'refused',
  'failed',
  'unknown',
  'unasked',
] as const

/** @param name of the worker @param deed what it does to amounts, e.g. `captured` */
export const workerMetrics = (name: string, deed: string) => ({
  requested: counter(`${name}_requests_total`, {
    help: 'Requests that came in, each once',
  }),
  ended: counter<'status'>(`${name}_ended_total`, {
    help: 'Requests that came to an end',
    labels: { status: ['SUCCESS', 'FAILED'] },
  }),
  amount: counter<'currency'>(`${name}_${deed}_minor_total`, {
    help: `Amounts that were ${deed}, in minor units`,
    labels: { currency: [] },
  }),
  attempts: counter<'outcome'>(`${name}_attempts_total`, {
    help: 'Tries by what the gateway was heard to say',
    labels: { outcome: verdictKinds },
  }),
  overtaken: counter(`${name}_overtaken_total`, {
    help: 'Tries that were over when somebody else had taken the request up',
  }),
  reopened: counter<'by'>(`${name}_reopened_total`, {
    help: 'Requests that had been given up and were taken up again',
    labels: { by: ['operator', 'letter'] },
  }),
  pending: gauge(`${name}_pending`, { help: 'Requests that are not finished' }),
  pendingAge: gauge(`${name}_pending_oldest_seconds`, {
    help: 'Age of the oldest request that is not finished',
  }),
  unknown: gauge(`${name}_unknown`, {
    help: 'Requests of which nobody knows whether they were done',
  }),
  unknownAge: gauge(`${name}_unknown_oldest_seconds`, {
    help: 'For how long nobody has known it of the oldest of them',
  }),
  dead: gauge(`${name}_dead_letters`, {
    help: 'Requests that were given up and wait for people to decide',
  }),
})

export type WorkerMetrics = ReturnType<typeof workerMetrics>
