import type { ServerResponse } from 'node:http'
import type { Forwarded, Sink } from './attempt.ts'
import type { Fronted } from './fronted.ts'

/** One client request on its way to a service. */
export interface Passage {
  readonly to: Fronted
  /** Route template, for spans. */
  readonly template: string
  readonly forwarded: Forwarded
  readonly response: ServerResponse
  readonly begin: Sink['begin']
}
