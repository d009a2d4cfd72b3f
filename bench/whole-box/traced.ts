import { randomBytes } from 'node:crypto'

/** Load generators have one trace in a hundred kept. */
const tracedShare = 0.01

/** A trace of its own for each request. */
export const traced = (): Record<string, string> => ({
  traceparent: [
    '00',
    randomBytes(16).toString('hex'),
    randomBytes(8).toString('hex'),
    Math.random() < tracedShare ? '01' : '00',
  ].join('-'),
})
