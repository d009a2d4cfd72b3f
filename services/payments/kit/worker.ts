import type { Mariadb } from '../../kit/mariadb.ts'
import type { Events } from './events.ts'
import type { GatewayCalls } from './gateway-calls.ts'
import type { Trade } from './requests.ts'
import type { Times } from './schedule.ts'
import type { Statements } from './statements.ts'

/** What requests are worked on with. */
export interface Worker<Work extends Trade = Trade> {
  readonly trade: Work
  readonly database: Mariadb
  readonly statements: Statements
  readonly gateway: GatewayCalls
  readonly events: Events
  readonly times: Times & { readonly lookEveryMs: number }
}
